import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'

import { Bench } from './lib/bench.js'
import { hubspotDocument, missing } from './lib/documents.js'

const CONTACTS = '/crm/v3/objects/contacts'

describe("HubSpot, by the vendor's documents", { skip: missing }, () => {
  let bench

  before(async () => {
    bench = await Bench.start('hubspot', 'pat-na1-contract', hubspotDocument(), {
      HUBSPOT_LIST_ID: '2',
      HUBSPOT_AUTO_SETUP: 'true',
      HUBSPOT_RATE_LIMIT_PER_10_SECONDS: '0',
      HUBSPOT_RATE_LIMIT_PER_DAY: '0',
    })
  })
  after(() => bench?.stop())

  const check = (what, test) => it(what, (t) => bench.keeping(() => test(t)))

  check('tests the token', async () => {
    await bench.crmsync.run(['test', 'hubspot'])
    bench.saw('GET /account-info/v3/details 200')
  })

  check('is refused with another token, and with none at all', async () => {
    await bench.simulator.settings({ hubspot: { token: 'pat-na1-contract' } })
    for (const token of ['pat-na1-wrong', 'no token']) {
      await bench.crmsync.run(['test', 'hubspot'], { code: 1, settings: { HUBSPOT_API_KEY: token } })
    }
    bench.saw('GET /account-info/v3/details 401')
  })

  check('reads and creates properties and their group, and reads the list', async () => {
    for (const _ of ['first', 'again']) await bench.crmsync.run(['setup', 'hubspot'])
    bench.saw(
      'GET /crm/v3/properties/contacts 200',
      'POST /crm/v3/properties/contacts/groups 201',
      'POST /crm/v3/properties/contacts 201',
      'GET /crm/v3/lists/2 200',
    )
  })

  check('meets properties and a group that are there already', async () => {
    await bench.atCrm('DELETE', '/crm/v3/properties/contacts/page_id')
    await bench.crmsync.run(['setup', 'hubspot'])
    bench.saw('POST /crm/v3/properties/contacts/groups 409')
  })

  check('creates and updates contacts, and puts them on the list', async () => {
    await bench.syncNew([
      {
        email: 'Zoe@new.example.com',
        name: 'Zoë van der Müller 山田',
        phone_number: '(202) 456-1111',
        email_type: 'CORPORATE',
        has_gmail: false,
        source_url: 'https://example.com/?a=b&c="d"',
        domain_id: '0190d6a0-0000-7000-8000-000000000001',
        page_id: '0190d6a0-0000-7000-8000-000000000002',
      },
      { email: 'bare@new.example.com' },
    ])
    await bench.sync('@new.example.com', 2)
    bench.saw(`POST ${CONTACTS}/batch/upsert 200`, 'PUT /crm/v3/lists/2/memberships/add 200')
    const { hubspot } = await bench.simulator.contact('zoe@new.example.com')
    assert.equal(hubspot.properties.lastname, 'van der Müller 山田')
    assert.equal(hubspot.properties.email_type, 'CORPORATE')
    assert.deepEqual(hubspot.lists, [2])
  })

  check('sends many in batches', async () => {
    await bench.syncNew(Array.from({ length: 250 }, (_, i) => ({ email: `c${i}@many.example.com`, name: `C ${i}` })))
    const inputs = bench.proxy.exchanges
      .filter(({ path, request }) => path.endsWith('/batch/upsert') && request.includes('@many.example.com'))
      .map(({ request }) => JSON.parse(request).inputs.length)
    assert.ok(inputs.includes(100) && Math.max(...inputs) === 100, `batches of ${inputs}`)
  })

  check('has its outcome for each contact of a batch', async () => {
    await bench.crmsync.import([{ email: 'good@mixed.example.com' }, { email: 'bad@mixed.example.com' }])
    await bench.simulator.faults({ match: { email: 'bad@' }, effect: { kind: 'reject' } })
    assert.deepEqual((await bench.sync('@mixed.example.com', 2)).sort(), ['completed', 'failed'])
    await bench.simulator.faults()
    bench.saw(`POST ${CONTACTS}/batch/upsert 207`)
  })

  check('has one outcome for a batch that is refused as a whole', async () => {
    await bench.crmsync.import([{ email: 'good@whole.example.com' }, { email: 'bad@whole.example.com' }])
    await bench.simulator.settings({ hubspot: { ignore_trace_ids: true } })
    await bench.simulator.faults({ match: { email: 'bad@' }, effect: { kind: 'reject' } })
    assert.deepEqual((await bench.sync('@whole.example.com', 2)).sort(), ['completed', 'failed'])
    await bench.simulator.faults()
    await bench.simulator.settings({ hubspot: { ignore_trace_ids: false } })
    bench.saw(`POST ${CONTACTS}/batch/upsert 400`)
  })

  check('changes an address', async () => {
    await bench.syncNew([{ email: 'old@moved.example.com', name: 'Ann' }])
    await bench.move('old@moved.example.com', 'new@moved.example.com')
    bench.saw(`POST ${CONTACTS}/batch/read 200`, `POST ${CONTACTS}/batch/update 200`)
  })

  check('updates the record that has the new address already', async () => {
    await bench.syncNew([{ email: 'former@clash.example.com' }, { email: 'taken@clash.example.com' }])
    await bench.crmsync.run(['contacts', 'delete', 'taken@clash.example.com'])
    await bench.move('former@clash.example.com', 'taken@clash.example.com')
    bench.saw(new RegExp(`POST ${CONTACTS}/batch/update (207|409)`))
  })

  check('creates a record again that is gone', async () => {
    await bench.syncNew([{ email: 'old@gone.example.com' }])
    const { hubspot } = await bench.simulator.contact('old@gone.example.com')
    await bench.atCrm('DELETE', `${CONTACTS}/${hubspot.id}`)
    await bench.move('old@gone.example.com', 'new@gone.example.com')
    bench.saw(`POST ${CONTACTS}/batch/read 207`)
  })

  check('reads back what it wrote', async (t) => {
    if (!(await bench.crmsync.can('verify'))) return t.skip('this crmsync verifies nothing')
    const before = bench.proxy.exchanges.length
    await bench.crmsync.run(['verify', '--crm', 'hubspot'])
    const targets = bench.proxy.exchanges.slice(before).map(({ path }) => path)
    assert.ok(targets.includes(`${CONTACTS}/batch/read`), targets.join('\n'))
  })

  check('has its refusals documented', async () => {
    for (const status of [400, 403, 404, 409, 423, 477, 500, 502, 503, 524]) {
      const headers = status === 477 ? { 'retry-after': '1' } : {}
      await bench.meet(`s${status}.example.com`, { kind: 'respond', status, headers })
      bench.saw(`POST ${CONTACTS}/batch/upsert ${status}`)
    }
    await bench.meet('s429.example.com', { kind: 'rate_limited' })
    await bench.meet('s401.example.com', { kind: 'unauthorized' })
    bench.saw(`POST ${CONTACTS}/batch/upsert 429`, `POST ${CONTACTS}/batch/upsert 401`)
  })

  check('is told of rights that are missing', async () => {
    await bench.simulator.settings({ hubspot: { granted: 'crm.objects.contacts.write' } })
    await bench.crmsync.run(['setup', 'hubspot'], { code: 1 })
    await bench.simulator.settings({ hubspot: { granted: 'all' } })
    bench.saw('GET /crm/v3/properties/contacts 403', 'GET /crm/v3/lists/2 403')
  })

  check('is told of a list that is none', async () => {
    await bench.crmsync.run(['setup', 'hubspot'], { code: 1, settings: { HUBSPOT_LIST_ID: '77' } })
    bench.saw('GET /crm/v3/lists/77 404')
  })

  check('gets tokens by OAuth', async () => {
    const settings = {
      HUBSPOT_API_KEY: '',
      HUBSPOT_CLIENT_ID: 'client',
      HUBSPOT_CLIENT_SECRET: 'secret',
      HUBSPOT_REFRESH_TOKEN: 'refresh-0',
    }
    await bench.simulator.settings({
      hubspot: { refresh_token: 'refresh-0', rotate_refresh_token: true, client_secret: 'secret' },
    })
    const wrong = { ...settings, HUBSPOT_CLIENT_SECRET: 'wrong' }
    await bench.crmsync.run(['test', 'hubspot'], { settings: wrong, code: 1 })
    bench.saw('POST /oauth/v3/token 400')
    await bench.crmsync.run(['test', 'hubspot'], { settings })
    bench.saw('POST /oauth/v3/token 200')
  })
})
