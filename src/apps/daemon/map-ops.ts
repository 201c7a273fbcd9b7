import { mapTargetText, parseMapTarget } from '../../core/map-target.ts';
import type { DeclaredMap } from '../declared-map.ts';
import type { Request } from './requests.ts';

type Asked = Extract<Request, { op: 'map-list' | 'map-set' | 'map-remove' }>;

export type MapOps = (request: Asked) => Promise<object>;

/**
 * What may be asked about the map by whoever reaches the socket. SECURITY: every change takes a person's signature;
 * `ordersAreSigned` is false where the socket itself shows that root asks.
 */
export function makeMapOps(map: DeclaredMap, ordersAreSigned: boolean): MapOps {
  return async (request) => {
    switch (request.op) {
      case 'map-list': {
        const kept = await map.list();
        return {
          ok: true,
          declarations: kept.map((one) =>
            'declared' in one
              ? { ...one.declared, target: mapTargetText(one.declared.target) }
              : { ...(one.target === undefined ? {} : { target: one.target }), file: one.file, ignored: one.ignored },
          ),
        };
      }
      case 'map-set': {
        const kept = await map.keep(request.document, request.replace);
        return kept.ok
          ? { ok: true, target: mapTargetText(kept.declared.target), signer: kept.declared.signer }
          : { ok: false, error: `not declared: ${kept.why}` };
      }
      case 'map-remove': {
        const target = parseMapTarget(request.target);
        if (!target.ok) return { ok: false, error: target.why };
        if (ordersAreSigned && request.order === undefined)
          return { ok: false, error: '`map-remove` takes a signature by a person' };
        const removed = await map.remove(target.target, ordersAreSigned ? request.order : undefined);
        return removed.ok ? { ok: true } : { ok: false, error: `not taken out: ${removed.why}` };
      }
      default:
        return request satisfies never;
    }
  };
}
