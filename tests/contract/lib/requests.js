import fc from 'fast-check'

import { OPERATIONS, resolve, target } from './openapi.js'

const SIZE_MAX = 6
const NEW_CONTACT = { $ref: '#/components/schemas/NewContact' }

/** What breaks parsers, databases and templates. */
const hostile = fc.constantFrom(
  ...[
    '',
    ' ',
    '\0',
    'a\0b',
    '\ud800',
    '%',
    '%00',
    '%zz',
    '../..',
    "' OR 1=1 --",
    '"; DROP TABLE contacts',
    '${x}',
    '{0}',
  ],
  ...['\u202e', '\r\nX-Injected: 1', '<script>', '9'.repeat(400), 'é'.repeat(5000), 'null', 'true', '-0', '1e999'],
  ...[0, -1, 0.1, 1e308, 2 ** 53, -(2 ** 63), true, null, [], {}, [[]], { $ref: '#' }],
)
const anything = fc.oneof({ arbitrary: hostile, weight: 2 }, { arbitrary: fc.jsonValue({ maxDepth: 3 }), weight: 1 })

/** Values that a schema allows, save that each part may be anything instead. `ids`: of contacts that there may be. */
function like(schema, ids) {
  return fc.oneof({ arbitrary: allowed(resolve(schema), ids), weight: 9 }, { arbitrary: anything, weight: 1 })
}

function allowed({ anyOf, oneOf, type, enum: words, format, minimum, maximum, items, properties }, ids) {
  if (words) return fc.constantFrom(...words)
  if (anyOf ?? oneOf) return fc.oneof(...(anyOf ?? oneOf).map((schema) => like(schema, ids)))
  const of = {
    null: () => fc.constant(null),
    boolean: () => fc.boolean(),
    integer: () => fc.integer({ min: minimum, max: maximum }),
    number: () => fc.double({ noNaN: true, noDefaultInfinity: true }),
    string: () => (format === 'uuid' ? fc.oneof(ids, fc.uuid()) : fc.string({ unit: 'grapheme', maxLength: 40 })),
    array: () => fc.array(like(items, ids), { maxLength: SIZE_MAX }),
    object: () => members(properties ?? {}, ids),
  }
  const types = [type ?? []].flat()
  return types.length > 0 ? fc.oneof(...types.map((name) => of[name]())) : anything
}

/** Some of the members, and at times one that nobody knows. */
function members(properties, ids) {
  const known = Object.entries(properties).map(([name, schema]) => fc.tuple(fc.constant(name), like(schema, ids)))
  const unknown = fc.tuple(fc.string({ maxLength: 8 }), anything)
  const some =
    known.length > 0 ? fc.array(fc.oneof({ arbitrary: fc.oneof(...known), weight: 19 }, unknown)) : fc.constant([])
  return some.map((pairs) => Object.fromEntries(pairs))
}

/** Lines for an import, some with an address and some torn apart. */
const cell = fc.oneof(
  fc.emailAddress(),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('"', '\t', '\r', '"a\n"', ';'),
)
const table = fc
  .array(fc.array(cell, { maxLength: 4 }), { maxLength: 20 })
  .map((rows) => ['email,name,phone', ...rows.map((row) => row.join(','))].join('\r\n'))

/** A body as it goes over the wire: at times cut off, of other bytes, or nested without end. */
function body(bodies, ids) {
  const types = Object.keys(bodies)
  if (types.length === 0) return fc.constant({})
  const type = fc.oneof(
    { arbitrary: fc.constantFrom(...types), weight: 9 },
    fc.constantFrom('text/plain', '', ';;', 'a/b'),
  )
  const json = bodies['application/json']
  const right = json
    ? like(json, ids).map((value) => JSON.stringify(value) ?? '')
    : fc.oneof(
        table,
        fc.array(like(NEW_CONTACT, ids).map((value) => JSON.stringify(value))).map((all) => all.join('\n')),
      )
  const cut = fc.tuple(right, fc.nat(60)).map(([text, length]) => text.slice(0, length))
  const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array))
  const nested = fc.nat(2000).map((depth) => '['.repeat(depth) + '{"a":'.repeat(depth))
  const text = fc.oneof({ arbitrary: right, weight: 12 }, { arbitrary: cut, weight: 2 }, bytes, nested)
  return fc.record({ type, text }).map(({ type, text }) => ({ headers: { 'content-type': type }, body: text }))
}

function encoded(value) {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  // As it is at times, so that escapes arrive that are none.
  return /^%\w*$/.test(text) ? text : encodeURIComponent(text.toWellFormed())
}

/** Requests that resemble those of the document: {operation, method, target, headers, body}. */
export function requests(ids, token) {
  const credentials = fc.oneof(
    { arbitrary: fc.constant(`Bearer ${token}`), weight: 30 },
    fc.constantFrom('', 'Bearer ', 'Bearer a.b.c', `Bearer ${token}x`),
  )
  return fc.oneof(...OPERATIONS.map((operation) => of(operation, ids, credentials)))
}

function of(operation, ids, credentials) {
  const { method, path, parameters, bodies } = operation
  const record = (place) =>
    parameters.filter((parameter) => parameter.in === place).map(({ name, schema }) => [name, schema])
  const inPath = fc.record(Object.fromEntries(record('path').map(([name, schema]) => [name, like(schema, ids)])))
  const inQuery = members(Object.fromEntries(record('query')), ids)
  return fc
    .record({ inPath, inQuery, body: body(bodies, ids), credentials })
    .map(({ inPath, inQuery, body, credentials }) => {
      const values = Object.fromEntries(Object.entries(inPath).map(([name, value]) => [name, encoded(value)]))
      const pairs = Object.entries(inQuery).map((pair) => pair.map(encoded).join('='))
      const query = pairs.length > 0 ? `?${pairs.join('&')}` : ''
      const headers = { ...body.headers, ...(credentials && { authorization: credentials }) }
      return { operation, method, target: target(path, values) + query, headers, body: body.body }
    })
}
