import type { Json } from '../../../core/canonical-json.ts';
import { isJsonObject, type JsonObject } from '../../api-actions.ts';

const SCHEMES: ReadonlySet<Json> = new Set(['http', 'https', 'ws', 'wss']);

export type SwaggerResult =
  | { readonly ok: true; readonly document: JsonObject }
  | { readonly ok: false; readonly why: string };

/**
 * A Swagger 2.0 document in the words of OpenAPI 3.0, as far as those are read here: `host`, `basePath` and `schemes`
 * become `servers`. Paths, operations and their `$ref`s are written alike in both; parameters and definitions differ, and
 * what a call does is not told by them. Source: https://spec.openapis.org/oas/v2.0.html
 */
export function fromSwagger(document: JsonObject): SwaggerResult {
  const { swagger, host, basePath = '', schemes = ['https'], ...rest } = document;
  if (swagger !== '2.0') return no('`swagger` is not 2.0');
  if ('openapi' in rest || 'servers' in rest) return no('it claims to be of two versions');
  if (typeof basePath !== 'string' || (basePath !== '' && !basePath.startsWith('/')))
    return no('`basePath` is no path');
  if (host !== undefined && (typeof host !== 'string' || !/^[^\s/?#@\\{}]+$/.test(host)))
    return no('`host` is no host');
  const names: Json = schemes;
  if (!Array.isArray(names) || !(names as readonly Json[]).every((one) => SCHEMES.has(one)))
    return no('`schemes` is no list of schemes');
  // The path counts, and whose host it is; which scheme does not.
  const url = host === undefined ? basePath : `https://${host}${basePath}`;
  return { ok: true, document: { ...rest, openapi: '3.0.3', ...(url === '' ? {} : { servers: [{ url }] }) } };
}

export function isSwagger(document: Json): document is JsonObject {
  return isJsonObject(document) && Object.hasOwn(document, 'swagger');
}

function no(why: string): SwaggerResult {
  return { ok: false, why };
}
