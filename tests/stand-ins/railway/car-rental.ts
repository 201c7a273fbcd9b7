import { addTo, emptyRailway, id, type RailwayState } from './state.ts';

/** Ids and tokens of the fixture, the same in every run. */
export const CAR_RENTAL = {
  workspaceId: id(0x10),
  projectId: id(0x11),
  productionId: id(0x12),
  stagingId: id(0x13),
  webId: id(0x14),
  postgresId: id(0x15),
  volumeId: '3d2c42fb-0000-4000-8000-000000000016',
  productionInstanceId: id(0x17),
  stagingInstanceId: id(0x18),
  backupIds: [id(0x19), id(0x1a), id(0x1b)],
  /** Bearer: sees and may do everything. The one that lies in an unrelated file. */
  accountToken: 'a0000000-1111-4222-8333-444444444444',
  /** Bearer, for the one workspace. */
  workspaceToken: 'b0000000-1111-4222-8333-444444444444',
  /** `Project-Access-Token`, for staging only. */
  stagingToken: 'c0000000-1111-4222-8333-444444444444',
} as const;

/** A car-rental company: production and staging share one volume, and its three backups lie inside it. */
export function carRental(): RailwayState {
  const state = emptyRailway();
  const ids = CAR_RENTAL;
  const day = Date.UTC(2026, 3, 20);
  addTo(state.workspaces, { id: ids.workspaceId, name: 'wheels' });
  addTo(state.projects, { id: ids.projectId, name: 'wheels-booking', workspaceId: ids.workspaceId });
  addTo(state.environments, {
    id: ids.productionId,
    name: 'production',
    projectId: ids.projectId,
    isEphemeral: false,
    createdAtMs: Date.UTC(2024, 0, 8),
  });
  addTo(state.environments, {
    id: ids.stagingId,
    name: 'staging',
    projectId: ids.projectId,
    isEphemeral: false,
    createdAtMs: Date.UTC(2025, 5, 2),
  });
  addTo(state.services, { id: ids.webId, name: 'web', projectId: ids.projectId });
  addTo(state.services, { id: ids.postgresId, name: 'postgres', projectId: ids.projectId });
  let instance = 0x20;
  for (const serviceId of [ids.webId, ids.postgresId]) {
    for (const environmentId of [ids.productionId, ids.stagingId]) {
      addTo(state.serviceInstances, {
        id: id(instance),
        serviceId,
        environmentId,
        startCommand: serviceId === ids.webId ? 'node server.js' : null,
        deploys: 1,
      });
      instance += 1;
    }
  }
  const rows = Array.from({ length: 120 }, (_, index) => ({
    booking: index + 1,
    car: `CR-${(index * 7) % 40}`,
    customer: `customer-${(index * 13) % 90}`,
    day: new Date(day + index * 3_600_000).toISOString(),
  }));
  addTo(state.volumes, { id: ids.volumeId, name: 'postgres-data', projectId: ids.projectId, rows });
  for (const [instanceId, environmentId] of [
    [ids.productionInstanceId, ids.productionId],
    [ids.stagingInstanceId, ids.stagingId],
  ] as const) {
    addTo(state.volumeInstances, {
      id: instanceId,
      volumeId: ids.volumeId,
      environmentId,
      serviceId: ids.postgresId,
      mountPath: '/var/lib/postgresql/data',
    });
  }
  ids.backupIds.forEach((backupId, index) => {
    addTo(state.backups, {
      id: backupId,
      name: `daily-${index + 1}`,
      volumeInstanceId: ids.productionInstanceId,
      createdAtMs: day + index * 86_400_000,
      rows,
    });
  });
  state.variables.set(
    `${ids.projectId}/${ids.productionId}/${ids.webId}/DATABASE_URL`,
    'postgres://app:prod@postgres.railway.internal/bookings',
  );
  state.variables.set(
    `${ids.projectId}/${ids.stagingId}/${ids.webId}/DATABASE_URL`,
    'postgres://app:old@postgres.railway.internal/bookings',
  );
  state.tokens.set(ids.accountToken, { kind: 'account', userId: state.user.id });
  state.tokens.set(ids.workspaceToken, { kind: 'workspace', workspaceId: ids.workspaceId });
  state.tokens.set(ids.stagingToken, { kind: 'project', projectId: ids.projectId, environmentId: ids.stagingId });
  return state;
}
