import { readFileSync } from 'node:fs'
import path from 'node:path'

/** Where the document of crmsync's own API is. */
export const FILE = path.resolve(import.meta.dirname, '../../../src/api/openapi.json')
export const DOCUMENT = JSON.parse(readFileSync(FILE, 'utf8'))

/** What a reference stands for, and everything else itself. */
export function resolve(value) {
  if (!value?.$ref) return value
  const place = value.$ref.split('/').slice(1)
  return resolve(place.reduce((part, name) => part[name], DOCUMENT))
}

/**
 * Its calls: [{id, method, path, parameters, bodies, statuses, isOpen}]. `bodies`: media type -> schema; empty when the
 * call takes none. `isOpen`: needs no token.
 */
export const OPERATIONS = Object.entries(DOCUMENT.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { operationId, parameters = [], requestBody, responses, security }]) => ({
    id: operationId,
    method: method.toUpperCase(),
    path,
    parameters: parameters.map(resolve),
    bodies: Object.fromEntries(Object.entries(requestBody?.content ?? {}).map(([type, { schema }]) => [type, schema])),
    statuses: Object.keys(responses).map(Number),
    isOpen: security?.length === 0,
  })),
)

/** A path with the values in place of its parameters, and a query. */
export function target(path, values, query = {}) {
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => values[name])
  const pairs = Object.entries(query).map((pair) => pair.map(encodeURIComponent).join('='))
  return pairs.length > 0 ? `${filled}?${pairs.join('&')}` : filled
}
