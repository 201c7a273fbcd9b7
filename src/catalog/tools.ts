import type { Tool } from './entry.ts';
import { AWS_TOOLS, CLOUD_TOOLS } from './tools/clouds.ts';
import { DATABASE_TOOLS } from './tools/databases.ts';
import { DISK_TOOLS } from './tools/disks.ts';
import { FORGE_TOOLS, PUBLISH_TOOLS } from './tools/forges.ts';
import { CONTAINER_TOOLS, INFRASTRUCTURE_TOOLS, KUBERNETES_TOOLS } from './tools/infrastructure.ts';
import { MIGRATION_TOOLS } from './tools/migrations.ts';
import { PLATFORM_TOOLS } from './tools/platforms.ts';
import { BACKUP_TOOLS, SECRET_TOOLS, SYSTEM_TOOLS } from './tools/system.ts';

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
  ...SYSTEM_TOOLS,
  ...BACKUP_TOOLS,
];
