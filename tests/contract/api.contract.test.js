import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import { json } from 'node:stream/consumers'
import { after, before, describe, it } from 'node:test'

import { Api, Served } from './lib/api.js'
import { DOCUMENT, OPERATIONS, resolve, target } from './lib/openapi.js'

const { TooLarge: TOO_LARGE } = DOCUMENT.components.responses
const NOBODY = '0193a5b6-0000-7000-8000-000000000000'
const OTHER = { type: 'text/csv', body: 'email\r\nlater@import.example.com\r\n' }
/** Answers that nothing here brings about, and where they come from. */
const ELSEWHERE = {
  429: 'a limit on requests: tests/api/server_test.cpp',
  500: 'a defect',
  503: 'a database that is not there',
  504: 'a database that does not answer',
  'createContact 409': 'an adopted table',
  'updateContact 409': 'an adopted table',
  'readDocument 404': 'pages closed by configuration: tests/api/docs_test.cpp',
  'readPage 404': 'pages closed by configuration: tests/api/docs_test.cpp',
  'setStatusFiltered 202': 'more contacts than two seconds are enough for: tests/api/operations_test.cpp',
  'selectContacts 202': 'the same',
  'selectContactsByPost 202': 'the same',
  'syncContactsFiltered 202': 'the same',
  'retryContacts 202': 'the same',
  'retryContacts 409': 'more failures than there are here: tests/api/operations_test.cpp',
  'cancelOperation 200': 'an operation that takes long: tests/api/operations_test.cpp',
}

describe('The API, by its document', () => {
  let served
  let api
  let ann
  let bob

  before(async () => {
    served = await Served.start({
      CRMSYNC_CONFIRM_ABOVE: '2',
      CRMSYNC_EXCHANGES_KEPT: '10',
      CRMSYNC_METRICS_PUBLIC: 'false',
      SMTP_URL: 'smtp://127.0.0.1:1', // Nobody is there.
      SMTP_FROM: 'crmsync@example.com',
      BREVO_SYNC_FAILURE_NOTIFICATION_EMAIL: 'ann@example.com',
    })
    api = await Api.start(served.crmsync)
  })
  after(async () => {
    await api?.stop()
    await served?.stop()
  })

  /** A call that the document allows: the answer is one it has for it, and of that status. */
  async function call(name, options, status = 200) {
    const answer = await api.call(name, options)
    assert.equal(answer.status, status, JSON.stringify(answer.body))
    assert.deepEqual(answer.violations, [])
    return answer
  }
  /** A request that the document forbids: the server refuses it, in the words of the document. */
  async function refused(name, options, status = 422) {
    const answer = await api.call(name, options)
    assert.equal(answer.status, status, JSON.stringify(answer.body))
    const [first, ...others] = answer.violations
    assert.match(first ?? 'the document allows it', /^request/)
    for (const violation of others) assert.match(violation, /^request/)
    return answer
  }

  /** Something for every parameter of a path. */
  const values = (others) => ({ id: ann.id, crm: 'brevo', file: 'docs.js', ...others })
  const brevo = { values: { crm: 'brevo' } }
  const named = (contact) => ({ values: { id: contact.id } })

  it('creates contacts', async () => {
    const created = await call('createContact', { body: { email: 'ann@example.com', name: 'Ann Lee' } }, 201)
    ann = created.body
    assert.equal(created.headers.get('location'), `/api/v3/contacts/${ann.id}`)
    const body = {
      email: 'bob@example.com',
      name: 'Bob',
      phone_number: '+12024561414',
      email_type: 'FREE',
      has_gmail: false,
      context: null,
      source_url: 'https://example.com',
      domain_id: NOBODY,
      contact_curation_status: 'Queued',
      brevo_sync_status: null,
      brevo_contact_id: 'ignored',
    }
    bob = (await call('createContact', { body }, 201)).body
    assert.equal(bob.contact_curation_status, 'Queued')
    await call('createContact', { body: { email: 'ann@example.com', name: 'Other Ann' } }, 201)
    await call('createContact', { body: { email: 'no address', n8n_sync_status: 'Skipped' } }, 201)
    await refused('createContact', { body: { name: 'Nobody' } })
    await refused('createContact', { body: [] })
    await call('createContact', { body: { email: 'x@example.com', brevo_sync_status: 'Complete' } }, 422)
  })

  it('lists contacts', async () => {
    const page = await call('listContacts', { query: { limit: 2, sort: '-email', brevo_sync_status: 'New' } })
    assert.equal(page.body.length, 2)
    assert.equal(page.headers.get('x-total-count'), '4')
    const cursor = page.headers.get('x-next-cursor')
    const rest = await call('listContacts', { query: { cursor, sort: '-email', brevo_sync_status: 'New' } })
    assert.equal(rest.body.length, 2)
    await call('listContacts', { query: { has_gmail: false, email_contains: 'BOB', domain_id: NOBODY, offset: 0 } })
    await call('listContacts', { query: { cursor, offset: 2 } }, 422)
  })

  it('looks contacts up by address', async () => {
    const emails = ['BOB@example.com', 'nobody@example.com', 'rubbish']
    const { body } = await call('lookUpContacts', { body: { emails } })
    assert.deepEqual(body.found, [{ email: 'BOB@example.com', contact_id: bob.id }])
    assert.deepEqual(body.not_found, ['nobody@example.com'])
    assert.equal(body.invalid.length, 1)
    assert.equal((await call('listContacts', { query: { search: 'bob' } })).body.length, 1)
    await refused('lookUpContacts', { body: { emails: 'bob@example.com' } })
  })

  it('tells what was done', async () => {
    const all = await call('readActivity', {})
    assert.equal(all.body.crms.n8n.buckets.length, 60)
    const one = await call('readActivity', { query: { range: '7d', crm: 'brevo' } })
    assert.deepEqual(Object.keys(one.body.crms), ['brevo'])
    await refused('readActivity', { query: { range: '1y' } })
  })

  it('reads and changes contacts', async () => {
    const read = await call('readContact', named(ann))
    assert.deepEqual((await call('updateContact', { ...named(ann), body: read.body })).body, read.body)
    const changed = await call('updateContact', { ...named(ann), body: { name: 'Ann Li', context: null } })
    assert.equal(changed.body.name, 'Ann Li')
    await call('updateContact', { ...named(ann), body: { mautic_sync_status: 'Complete' } }, 422)
    await refused('updateContact', { ...named(ann), body: { email: null } })
  })

  it('sets the curation status', async () => {
    const body = { contact_ids: [ann.id, NOBODY], status: 'Queued' }
    assert.deepEqual((await call('setStatus', { body })).body, { updated_count: 1, queued_count: 1 })
    const skipped = await call('setStatusFiltered', { body: { status: 'Skipped', email_contains: 'no address' } })
    assert.deepEqual(skipped.body, { updated_count: 1, queued_count: 0 })
  })

  it('imports contacts', async () => {
    const csv = 'Contact email,Name,State\r\nCid@example.com,Cid,MI\r\n,Nobody,MI\r\ncid@example.com,Cid,MI\r\n'
    const query = { map: 'email="Contact email"', delimiter: ',', email_type: 'CORPORATE', has_gmail: 'false' }
    const report = (await call('importContacts', { query, type: 'text/csv', body: csv })).body
    assert.deepEqual([report.created, report.merged, report.refused], [1, 1, 1])
    for (const type of ['application/x-ndjson', 'application/ndjson', 'application/jsonl'])
      await call('importContacts', { type, body: '{"email":"dan@example.com"}\n{\n' })
    await call('importContacts', { type: 'text/csv', body: 'one column\r\nof nothing\r\n' }, 422)
    await refused('importContacts', { type: 'application/xml', body: '<contact/>' }, 415)
    await refused('importContacts', { ...OTHER, query: { delimiter: 'ab' } })
  })

  for (const name of ['selectContacts', 'selectContactsByPost']) {
    it(`selects contacts (${name})`, async () => {
      const body = { contact_ids: [bob.id, NOBODY], crms: ['hubspot', 'n8n'] }
      const selected = (await call(name, { body })).body
      assert.deepEqual([selected.updated_count, selected.queued_count, selected.not_found_count], [1, 2, 1])
      for (const action of ['unselect', 'skip']) await call(name, { body: { ...body, action } })
      assert.equal((await call(name, { body: { crms: ['n8n'] } })).body.message, 'No contact IDs provided')
      await call(name, { body: { ...body, crms: null } })
      await call(name, { body: { ...body, crms: ['zoho'] } }, 400)
      await call(name, { body: { ...body, action: 'sync' } }, 422)
      await call(name, { body: { ...body, contact_ids: [NOBODY] } }, 404)
    })
  }

  it('syncs contacts, and tells what became of them', async () => {
    served.crmsync.forget()
    const batch = await call('syncContacts', { ...brevo, body: { contact_ids: [bob.id], only_changed: true } })
    assert.equal(batch.body.queued_count, 1)
    await call('syncContactsFiltered', { ...brevo, body: { name_contains: 'cid' } })
    await call('syncContactsFiltered', { ...brevo, body: { email_contains: 'no address', only_changed: null } })
    await served.crmsync.settled(3)
    const jobs = (await call('readContactJobs', named(bob))).body
    assert.deepEqual([jobs.brevo.state, jobs.brevo.history[0].outcome], ['completed', 'upserted'])
    assert.equal((await call('readContact', named(bob))).body.brevo_contact_id, 'bob@example.com')
    assert.equal((await call('summarizeCrm', brevo)).body.complete, 2)
    assert.equal((await call('summarize')).body.brevo.error, 1)
  })

  it('tells what failed, and tries it again', async () => {
    const failures = (await call('listFailures', { query: { crm: 'brevo', with_dismissed: 'true', limit: 10 } })).body
    assert.deepEqual(
      failures.map(({ email }) => email),
      ['no address'],
    )
    const [cause] = (await call('listFailures', { query: { group_by: 'cause' } })).body
    assert.deepEqual([cause.cause, cause.count], [failures[0].cause, 1])
    assert.match((await call('listFailures', { query: { format: 'csv' } })).body, /^contact_id,.*\r\n.*no address/)
    await call('listFailures', { accept: 'text/csv' })
    const counted = await call('retryContacts', { ...brevo, body: { cause: cause.cause, preview: true } })
    assert.equal(counted.body.queued_count, 1)
    await call('retryContacts', { ...brevo, body: { all: true, without_fields: ['nothing'] } }, 422)
    const dismissed = await call('dismissFailures', { body: { contact_ids: [failures[0].contact_id] } })
    assert.deepEqual(dismissed.body, { updated_count: 1, dismissed: true })
    await call('dismissFailures', { body: { all: true, dismissed: false } })
    served.crmsync.forget()
    await call('retryContacts', { ...brevo, body: { all: true, without_fields: ['SMS'] } })
    await served.crmsync.settled(1)
  })

  it('shows what would be sent', async () => {
    const preview = (body) => call('previewContacts', { ...brevo, body })
    const refusal = (await call('listContacts', { query: { email_contains: 'no address' } })).body[0]
    const { previews } = (await preview({ contact_ids: [ann.id, bob.id, refusal.id, NOBODY], explain: true })).body
    assert.deepEqual(
      previews.map(({ would_send }) => would_send),
      [true, true, false],
    )
    assert.ok(previews[0].fields.length > 0)
    const { forecast } = (await preview({ forecast: true, all: true })).body
    assert.equal(forecast.same_address.group_count, 1)
    await preview({ forecast: true, contact_ids: [ann.id] })
    await call('previewContacts', { values: { crm: 'hubspot' }, body: { forecast: true, email_type: 'FREE' } })
    await call('previewContacts', { values: { crm: 'hubspot' }, body: { contact_ids: [ann.id] } }, 409)
  })

  it('tells how the connectors are, and steers them', async () => {
    assert.equal((await call('pauseConnector', brevo)).body.paused, true)
    assert.equal((await call('readHealth')).body.crms.brevo.state, 'paused')
    assert.equal((await call('resumeConnector', { ...brevo, body: {} })).body.state, 'healthy')
    assert.equal((await call('readHealth')).body.status, 'ok')
    assert.equal((await call('testConnector', brevo)).body.ok, true)
    assert.deepEqual((await call('setUpConnector', { ...brevo, body: { create: false } })).body.created, [])
    await call('setUpConnector', brevo)
    for (const name of ['testConnector', 'setUpConnector']) await call(name, { values: { crm: 'mautic' } }, 409)
    const audit = (await call('listAudit', { query: { limit: 10, offset: 0 } })).body
    assert.equal(audit.find(({ action }) => action === 'pause').detail.crm, 'brevo')
  })

  it('tells what the CRM really holds', async () => {
    await served.lose('cid@example.com')
    await served.crmsync.run(['verify', '--crm', 'brevo'], { code: 2 })
    const shown = (await call('readVerification', brevo)).body
    assert.deepEqual([shown.counts.verified, shown.counts.missing, shown.examples.length], [1, 1, 1])
    assert.equal((await call('readContactJobs', named(bob))).body.brevo.verification.result, 'verified')
    await call('startVerification', { ...brevo, body: { sample_percent: 50, repair: false } }, 202)
    await call('startVerification', { values: { crm: 'n8n' } }, 409)
    assert.equal((await call('readVerification', { values: { crm: 'n8n' } })).body.can_be_verified, false)
  })

  it('asks how many are expected, and tells of what it does to many', async () => {
    const filter = { email_contains: 'example.com' }
    const all = (await call('listContacts', { query: filter })).body.length
    for (const [name, options] of [
      ['setStatusFiltered', { body: { ...filter, status: 'New' } }],
      ['selectContacts', { body: { ...filter, crms: ['mautic'] } }],
      ['selectContactsByPost', { body: { ...filter, crms: ['mautic'] } }],
      ['syncContactsFiltered', { values: { crm: 'mautic' }, body: filter }],
    ]) {
      assert.equal((await call(name, options, 409)).body.count, all, name)
      await call(name, { ...options, body: { ...options.body, expected_count: all } })
    }
    const [latest] = (await call('listOperations', { query: { limit: 1 } })).body
    assert.deepEqual([latest.state, latest.done], ['done', all])
    assert.deepEqual((await call('readOperation', { values: { id: latest.id } })).body, latest)
    await call('cancelOperation', { values: { id: latest.id } }, 409)
    await call('selectContacts', { body: { ...filter, crms: ['mautic'], action: 'unselect', expected_count: all } })
  })

  it('tells what the CRM refuses', async () => {
    await served.simulator.settings({ brevo: { api_key: 'xkeysib-other' } })
    assert.equal((await call('testConnector', brevo)).body.ok, false)
    await call('setUpConnector', brevo, 502)
    const exchanges = (await call('listExchanges', brevo)).body
    assert.equal(exchanges[0].status, 401)
    assert.doesNotMatch(JSON.stringify(exchanges), /xkeysib|example\.com/)
    await call('listExchanges', { values: { crm: 'mautic' } }, 409)
    await served.simulator.settings({ brevo: { api_key: 'xkeysib-api' } })
  })

  it('tries out who is told', async () => {
    const [mail] = (await call('testAlerts', { body: { crm: 'brevo' } })).body
    assert.deepEqual([mail.way, mail.accepted], ['mail', false])
    await call('testAlerts', { body: { crm: 'n8n' } }, 409)
    await refused('testAlerts', { body: { crm: 'zoho' } })
  })

  it('makes and revokes keys', async () => {
    const made = (await call('createKey', { body: { name: 'scraper', role: 'viewer', expires_at: null } }, 201)).body
    await call('listContacts', { token: made.key })
    await call('listKeys', { token: made.key }, 403)
    const [listed] = (await call('listKeys')).body
    assert.deepEqual([listed.name, listed.role, listed.key], ['scraper', 'viewer', undefined])
    await call('createKey', { body: { name: 'late', role: 'admin', expires_at: '2001-01-01T00:00:00Z' } }, 422)
    await call('revokeKey', { values: { id: made.id } }, 204)
    assert.equal((await api.call('listContacts', { token: made.key })).status, 401)
  })

  it('opens and closes sessions', async () => {
    const opened = await call('openSession')
    assert.match(opened.headers.get('set-cookie'), /HttpOnly; SameSite=Strict/)
    assert.deepEqual((await call('readSession')).body, opened.body)
    await call('closeSession', undefined, 204)
  })

  it('pauses and resumes all CRMs', async () => {
    assert.equal((await call('pauseAll')).body.length, 4)
    await call('resumeAll')
  })

  it('forgets people, and sends nothing to who asked for that', async () => {
    const body = { emails: ['gone@example.com'], reason: 'asked by phone' }
    assert.deepEqual((await call('suppress', { body })).body, { suppressed_count: 1 })
    assert.equal((await call('listSuppressed', { query: { limit: 1, offset: 0 } })).body[0].reason, 'asked by phone')
    assert.deepEqual((await call('unsuppress', { body: { emails: body.emails } })).body, { removed_count: 1 })
    await call('createContact', { body: { email: 'eve@example.com' } }, 201)
    await call('forgetContacts', { body: { emails: ['eve@example.com'] } })
    await call('createContact', { body: { email: 'eve@example.com' } }, 422)
  })

  it('tells of itself', async () => {
    await call('isLive', { token: null })
    await call('isReady', { token: null })
    assert.match((await call('readMetrics')).body, /^crmsync_database_up 1$/m)
    assert.equal((await call('readDocument', { token: null })).body.info.title, 'crmsync')
    assert.match((await call('readPage', { token: null })).body, /swagger-ui/)
    for (const file of ['docs.js', 'swagger-ui.css', 'swagger-ui-bundle.js', 'swagger-ui-bundle.js.LICENSE.txt'])
      await call('readPageFile', { token: null, values: { file } })
    await call('readPageFile', { token: null, values: { file: 'nothing.js' } }, 404)
  })

  // Prism waits for the end of an answer, and this one has none.
  it('tells what happens', async () => {
    const { url, token } = served.crmsync
    const leave = new AbortController()
    const headers = { authorization: `Bearer ${token}` }
    const stream = await fetch(`${url}/api/v3/crm/events?crm=brevo`, { headers, signal: leave.signal })
    assert.deepEqual([stream.status, stream.headers.get('content-type')], [200, 'text/event-stream'])
    leave.abort()
    api.answers.add('followEvents 200')
  })

  describe('of every call', () => {
    const secured = OPERATIONS.filter(({ isOpen }) => !isOpen)
    const withJson = OPERATIONS.filter(({ bodies }) => bodies['application/json'])
    const taking = (parameter) => OPERATIONS.filter(({ path }) => path.includes(`{${parameter}}`))
    /** What the document asks of a body, as far as it must be there. */
    const least = ({ bodies, id }) => {
      if (id === 'importContacts') return OTHER
      if (!bodies['application/json']) return {}
      const { required = [] } = resolve(bodies['application/json'])
      const all = {
        email: 'least@example.com',
        emails: ['least@example.com'],
        contact_ids: [],
        status: 'New',
        name: 'least',
        role: 'viewer',
      }
      return { body: Object.fromEntries(required.map((name) => [name, all[name]])) }
    }

    it('wants a token', async () => {
      for (const operation of secured)
        await refused(operation.id, { values: values(), ...least(operation), token: null }, 401)
    })

    it('wants a role', async () => {
      const token = (await served.crmsync.run(['token', '--role', 'viewer'])).trim()
      for (const operation of secured.filter(({ statuses }) => statuses.includes(403)))
        await call(operation.id, { values: values(), ...least(operation), token }, 403)
    })

    it('refuses a CRM that is none', async () => {
      for (const operation of taking('crm'))
        await refused(operation.id, { values: values({ crm: 'zoho' }), ...least(operation) }, 404)
    })

    it('finds no contact that is none', async () => {
      for (const operation of taking('id'))
        await call(operation.id, { values: values({ id: NOBODY }), ...least(operation) }, 404)
      for (const operation of taking('id'))
        await refused(operation.id, { values: values({ id: '7' }), ...least(operation) })
    })

    it('refuses parameters that nobody knows', async () => {
      for (const operation of OPERATIONS)
        await call(operation.id, { values: values(), ...least(operation), query: { nope: 1 } }, 422)
    })

    it('refuses parameters of another type', async () => {
      for (const operation of OPERATIONS) {
        for (const { name, in: place, schema } of operation.parameters) {
          const { type, enum: words, format } = resolve(schema)
          if (place !== 'query' || (type === 'string' && !words && !format)) continue
          await refused(operation.id, { values: values(), ...least(operation), query: { [name]: 'nonsense' } })
        }
      }
    })

    it('refuses members that nobody knows', async () => {
      for (const operation of withJson)
        await refused(operation.id, { values: values(), body: { ...least(operation).body, nope: 1 } })
    })

    it('refuses members of another type', async () => {
      for (const operation of withJson) {
        const { properties = {} } = resolve(operation.bodies['application/json'])
        for (const [name, schema] of Object.entries(properties)) {
          if (resolve(schema).type === undefined && !schema.anyOf) continue
          const body = { ...least(operation).body, forecast: undefined, [name]: { nonsense: true } }
          await refused(operation.id, { values: values(), body })
        }
      }
    })

    it('misses members that must be there', async () => {
      for (const operation of withJson) {
        for (const name of resolve(operation.bodies['application/json']).required ?? [])
          await refused(operation.id, { values: values(), body: { ...least(operation).body, [name]: undefined } })
      }
    })

    // By its header alone: Prism would have to be fed megabytes for each.
    it('refuses bodies that are too large', async () => {
      const headers = { authorization: `Bearer ${served.crmsync.token}`, 'content-length': (8 << 20) + 1 }
      for (const { id, method, path } of withJson) {
        const request = http.request(served.crmsync.url + target(path, values()), { method, headers })
        request.flushHeaders()
        const [answer] = await once(request, 'response')
        assert.equal(answer.statusCode, 413, id)
        assert.deepEqual(await json(answer), TOO_LARGE.content['application/json'].example)
        request.destroy()
        api.answers.add(`${id} 413`)
      }
    })

    it('deletes contacts', async () => {
      await call('deleteContact', named(bob), 204)
      await call('readContact', named(bob), 404)
    })

    it('has been given every answer that it can give', () => {
      const missing = OPERATIONS.flatMap(({ id, statuses }) => statuses.map((status) => [id, status]))
        .filter(([id, status]) => !ELSEWHERE[status] && !ELSEWHERE[`${id} ${status}`])
        .map((pair) => pair.join(' '))
        .filter((answer) => !api.answers.has(answer))
      assert.deepEqual(missing, [])
    })
  })
})
