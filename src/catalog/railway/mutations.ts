import { RAILWAY_ADDITIONS } from './additions.ts';
import { RAILWAY_CHANGES } from './changes.ts';
import { RAILWAY_DELETIONS } from './deletions.ts';
import { RAILWAY_GRANTS } from './grants.ts';
import type { RailwayMutation } from './mutation.ts';

export type { RailwayMutation } from './mutation.ts';

/**
 * Mutations of the published schema (August 2026) by name. What is not listed is opaque and holds.
 * Source: https://docs.railway.com/reference/public-api
 */
export const RAILWAY_MUTATIONS: ReadonlyMap<string, RailwayMutation> = new Map([
  ...RAILWAY_ADDITIONS,
  ...RAILWAY_CHANGES,
  ...RAILWAY_GRANTS,
  ...RAILWAY_DELETIONS,
]);
