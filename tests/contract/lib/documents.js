import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

import { brevoRepairs, hubspotRepairs } from './repairs.js'

const ROOT = path.resolve(import.meta.dirname, '../../..')
const DIRECTORY = process.env.CRMSYNC_OPENAPI_DIR || path.join(ROOT, '../shared/crm/openapi')

/** Why there is nothing to hold crmsync to; false when there is. */
export const missing = !existsSync(DIRECTORY) && `no vendors' documents in ${DIRECTORY} (CRMSYNC_OPENAPI_DIR)`

/** Brevo's own document, ready for Prism. */
export function brevoDocument() {
  return prepare(read('brevo.json'), brevoRepairs)
}

/** HubSpot's: it has one for each part of its API. */
export function hubspotDocument() {
  const parts = ['contacts-v3', 'properties-v3', 'lists-v3', 'account-info-v3', 'oauth-v3']
  return prepare(merge(parts.map((part) => prefixed(read(`hubspot-${part}.json`), part))), hubspotRepairs)
}

function read(name) {
  return JSON.parse(readFileSync(path.join(DIRECTORY, name), 'utf8'))
}

/** Repairs the document, and closes its objects. */
export function prepare(document, repairs) {
  for (const { reason, repair } of repairs) {
    const before = JSON.stringify(document)
    repair(document)
    if (JSON.stringify(document) === before) throw new Error(`nothing left to repair: ${reason}`)
  }
  prune(document)
  walk(document, unite(document))
  walk(document, close)
  return document
}

/** The document with the names of its components made its own: several define an `Error` each. */
function prefixed(document, prefix) {
  const own = `#/components/$1/${prefix}-`
  const renamed = JSON.parse(JSON.stringify(document).replaceAll(/#\/components\/(schemas|responses)\//g, own))
  for (const kind of ['schemas', 'responses']) {
    const named = Object.entries(renamed.components[kind]).map(([name, value]) => [`${prefix}-${name}`, value])
    renamed.components[kind] = Object.fromEntries(named)
  }
  return renamed
}

function merge(documents) {
  const [first] = documents
  const all = (pick) => Object.assign({}, ...documents.map(pick))
  return {
    ...first,
    paths: all(({ paths }) => paths),
    components: {
      schemas: all(({ components }) => components.schemas),
      responses: all(({ components }) => components.responses),
      securitySchemes: all(({ components }) => components.securitySchemes),
    },
  }
}

function walk(value, visit) {
  if (value === null || typeof value !== 'object') return
  visit(value)
  for (const member of Object.values(value)) walk(member, visit)
}

/** Drops the schemas that no call leads to: Prism would resolve them all. */
function prune(document) {
  const { schemas } = document.components
  const used = new Set()
  const follow = ({ $ref }) => {
    const name = $ref?.startsWith?.('#/components/schemas/') && $ref.split('/').at(-1)
    if (!name || used.has(name)) return
    used.add(name)
    walk(schemas[name], follow)
  }
  walk({ ...document, components: { ...document.components, schemas: {} } }, follow)
  document.components.schemas = Object.fromEntries(Object.entries(schemas).filter(([name]) => used.has(name)))
}

/** Makes one object of each `allOf`: its parts could not be closed, since each would refuse the others' members. */
function unite(document) {
  const resolved = (schema) => {
    if (schema.$ref) return resolved(document.components.schemas[schema.$ref.split('/').at(-1)])
    if (!schema.allOf) return schema
    const parts = schema.allOf.map(resolved)
    return {
      type: 'object',
      required: parts.flatMap(({ required = [] }) => required),
      properties: Object.assign({}, ...parts.map(({ properties }) => properties)),
    }
  }
  return (schema) => {
    if (!Array.isArray(schema.allOf)) return
    const united = resolved(schema)
    delete schema.allOf
    Object.assign(schema, united)
  }
}

/** An object with named members has no others, so that neither side invents one. */
function close(schema) {
  const isObject = schema.type === 'object' && typeof schema.properties === 'object'
  if (!isObject || 'additionalProperties' in schema || Object.keys(schema.properties).length === 0) return
  schema.additionalProperties = false
}
