import type { Tool } from './entry.ts';
import { ACCOUNT_TOOLS } from './tools/accounts.ts';
import { BACKUP_TOOLS } from './tools/backups.ts';
import { AWS_TOOLS, CLOUD_TOOLS } from './tools/clouds.ts';
import { CONTAINER_TOOLS } from './tools/containers.ts';
import { DATABASE_TOOLS } from './tools/databases.ts';
import { DISK_TOOLS } from './tools/disks.ts';
import { FORGE_TOOLS, PUBLISH_TOOLS } from './tools/forges.ts';
import { INFRASTRUCTURE_TOOLS } from './tools/infrastructure.ts';
import { KEY_TOOLS } from './tools/keys.ts';
import { KUBERNETES_TOOLS } from './tools/kubernetes.ts';
import { MIGRATION_TOOLS } from './tools/migrations.ts';
import { NETWORK_TOOLS } from './tools/network.ts';
import { PACKAGE_TOOLS } from './tools/packages.ts';
import { PLATFORM_TOOLS } from './tools/platforms.ts';
import { SECRET_TOOLS } from './tools/secrets.ts';
import { SERVICE_TOOLS } from './tools/services.ts';
import { SYSTEM_TOOLS } from './tools/system.ts';

/** Every tool that the catalogue knows. A later entry of the same name wins. */
export const TOOLS: readonly Tool[] = [
  ...PUBLISH_TOOLS,
  ...PLATFORM_TOOLS,
  ...SECRET_TOOLS,
  ...DISK_TOOLS,
  ...DATABASE_TOOLS,
  ...MIGRATION_TOOLS,
  ...INFRASTRUCTURE_TOOLS,
  ...KUBERNETES_TOOLS,
  ...CONTAINER_TOOLS,
  ...AWS_TOOLS,
  ...CLOUD_TOOLS,
  ...FORGE_TOOLS,
  ...SERVICE_TOOLS,
  ...NETWORK_TOOLS,
  ...ACCOUNT_TOOLS,
  ...PACKAGE_TOOLS,
  ...SYSTEM_TOOLS,
  ...KEY_TOOLS,
  ...BACKUP_TOOLS,
];
