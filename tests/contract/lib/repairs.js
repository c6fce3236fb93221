/**
 * What the vendors' documents get wrong: [{reason, repair}]. A repair changes the document it is given; when it changes
 * nothing, the vendor has mended the document, and it is to be removed here.
 */

const json = (schema) => ({ 'application/json': { schema } })

function* operations({ paths }) {
  for (const path of Object.values(paths)) {
    for (const method of ['get', 'post', 'put', 'patch', 'delete']) if (path[method]) yield path[method]
  }
}

/** Lets the schemas of that name have these members too. */
function add({ components }, name, properties) {
  for (const schema of matching(components, name)) Object.assign(schema.properties, properties)
}

/** Lets the schemas of that name require these members only. */
function require({ components }, name, members) {
  for (const schema of matching(components, name)) schema.required = members
}

function matching({ schemas }, pattern) {
  return Object.keys(schemas)
    .filter((name) => pattern.test(name))
    .map((name) => schemas[name])
}

const failed = {
  reason: 'a server that fails answers with what it can',
  repair: (document) => {
    for (const { responses } of operations(document)) responses['5XX'] ??= { description: 'Failed' }
  },
}

export const brevoRepairs = [
  {
    reason: 'oneOf a number or a text: in a path, every number is a text too',
    repair: (document) => {
      for (const { parameters = [] } of operations(document)) {
        for (const { in: place, schema } of parameters) {
          if (place !== 'path' || !schema.oneOf) continue
          schema.anyOf = schema.oneOf
          delete schema.oneOf
        }
      }
    },
  },
  {
    reason: 'the refusals that its introduction lists for all calls, and the 429 of its limits, are in few of them',
    repair: (document) => {
      document.components.schemas.errorModel.properties.code.enum.push('too_many_requests')
      const error = { description: 'Refused', content: json({ $ref: '#/components/schemas/errorModel' }) }
      for (const { responses } of operations(document)) {
        for (const status of [401, 402, 403, 404, 405, 406, 422, 429]) responses[status] ??= error
      }
    },
  },
  failed,
  {
    reason: 'fields that GET /account has got since; the official client of 2026 has them',
    repair: (document) =>
      document.components.schemas.getAccount.allOf.push({
        type: 'object',
        properties: {
          organization_id: { type: 'string' },
          user_id: { type: 'integer' },
          enterprise: { type: 'boolean' },
          planVerticals: { type: 'array', items: { type: 'object' } },
        },
      }),
  },
  {
    reason: 'fields that a contact has got since; the official client of 2026 has them',
    repair: (document) =>
      add(document, /^getContactDetails$/, {
        whatsappBlacklisted: { type: 'boolean' },
        consentGroups: { type: 'array', items: {} },
      }),
  },
  {
    reason: 'the reports and endings that a process has got since; the official client of 2026 has them',
    repair: (document) => {
      const report = { type: 'string', nullable: true }
      const reasons = ['invalid_emails', 'duplicate_contact_id', 'duplicate_ext_id', 'duplicate_email_id']
      reasons.push('duplicate_phone_id', 'duplicate_whatsapp_id', 'duplicate_landline_number_id')
      const properties = Object.fromEntries(reasons.map((name) => [name, report]))
      add(document, /^getProcess$/, {
        info: { type: 'object', properties: { import: { type: 'object', properties } } },
      })
      document.components.schemas.getProcess.properties.status.enum.push('processing', 'failed', 'cancelled')
    },
  },
]
export const hubspotRepairs = [
  {
    reason: 'filters within filters within filters: Prism unrolls them for minutes, and no static list has one',
    repair: (document) => {
      for (const { properties } of Object.values(document.components.schemas)) {
        if (properties.filterBranch) properties.filterBranch = { type: 'object' }
      }
    },
  },
  {
    reason: 'errors have a status member in every answer on record',
    repair: (document) => add(document, /-Error$/, { status: { type: 'string' } }),
  },
  {
    reason: 'the guide on limits shows 429 with these members, and without a category',
    repair: (document) => {
      const text = { type: 'string' }
      add(document, /-Error$/, { errorType: text, policyName: text, requestId: text })
      require(document, /-Error$/, ['message', 'correlationId'])
    },
  },
  {
    reason: 'an error of one input leaves out what it has nothing to say about',
    repair: (document) => require(document, /-StandardError$/, ['status', 'category', 'message']),
  },
  {
    reason: 'a property that was asked for and has no value is null; the official client knows',
    repair: (document) => {
      for (const [name, { properties }] of Object.entries(document.components.schemas)) {
        const values = /-Simple/.test(name) && !/Input/.test(name) && properties.properties?.additionalProperties
        if (values) values.nullable = true
      }
    },
  },
  failed,
]
