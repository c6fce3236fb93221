import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'

import { Bench } from './lib/bench.js'
import { Crmsync } from './lib/crmsync.js'
import { brevoDocument, missing } from './lib/documents.js'

describe("Brevo, by the vendor's document", { skip: missing }, () => {
  let bench

  before(async () => {
    bench = await Bench.start('brevo', 'xkeysib-contract', brevoDocument(), {
      BREVO_LIST_ID: '2',
      BREVO_RATE_LIMIT_PER_SECOND: '0',
      BREVO_RATE_LIMIT_PER_HOUR: '0',
    })
  })
  after(() => bench?.stop())

  const check = (what, test) => it(what, (t) => bench.keeping(() => test(t)))

  check('tests the key', async () => {
    await bench.crmsync.run(['test', 'brevo'])
    bench.saw('GET /account 200')
  })

  check('is refused with another key', async () => {
    await bench.simulator.settings({ brevo: { api_key: 'xkeysib-contract' } })
    await bench.crmsync.run(['test', 'brevo'], { code: 1, settings: { BREVO_API_KEY: 'xkeysib-wrong' } })
    bench.saw('GET /account 401')
  })

  check('reads and creates attributes, and reads the list', async () => {
    await bench.crmsync.run(['setup', 'brevo'])
    bench.saw(
      'GET /contacts/attributes 200',
      'POST /contacts/attributes/normal/EMAIL_TYPE 201',
      'GET /contacts/lists/2 200',
    )
  })

  check('creates and updates contacts', async () => {
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
    bench.saw('POST /contacts 201')
    await bench.sync('@new.example.com', 2)
    bench.saw('POST /contacts 204')
    const { brevo } = await bench.simulator.contact('zoe@new.example.com')
    assert.equal(brevo.attributes.LASTNAME, 'van der Müller 山田')
    assert.deepEqual(brevo.listIds, [2])
  })

  check('changes an address', async () => {
    await bench.syncNew([{ email: 'old@moved.example.com', name: 'Ann' }])
    await bench.move('old@moved.example.com', 'new@moved.example.com')
    bench.saw(/^GET \/contacts\/\d+ 200/, /^PUT \/contacts\/\d+ 204/)
  })

  check('updates the contact that has the new address already', async () => {
    await bench.syncNew([{ email: 'former@clash.example.com' }, { email: 'taken@clash.example.com' }])
    await bench.crmsync.run(['contacts', 'delete', 'taken@clash.example.com'])
    await bench.move('former@clash.example.com', 'taken@clash.example.com')
    bench.saw(/^PUT \/contacts\/\d+ 400/, 'GET /contacts/taken%40clash.example.com 200')
  })

  check('creates a contact again that is gone', async () => {
    await bench.syncNew([{ email: 'old@gone.example.com' }])
    await bench.atCrm('DELETE', '/contacts/old%40gone.example.com')
    await bench.move('old@gone.example.com', 'new@gone.example.com')
    bench.saw(/^GET \/contacts\/\d+ 404/)
  })

  check('repairs a phone number that another contact has', async () => {
    const wordings = [
      ['one.example.com', 'duplicate_parameter', '+12024561414'],
      ['two.example.com', 'invalid_parameter', '+12024561415'],
    ]
    for (const [domain, code, phone] of wordings) {
      await bench.simulator.settings({ brevo: { duplicate_code: code } })
      await bench.syncNew(['a', 'b'].map((name) => ({ email: `${name}@${domain}`, phone_number: phone })))
    }
    bench.saw('POST /contacts 400')
  })

  check('reads back what it wrote', async (t) => {
    if (!(await bench.crmsync.can('verify'))) return t.skip('this crmsync verifies nothing')
    const { brevo } = await bench.simulator.contact('zoe@new.example.com')
    await bench.syncNew([{ email: 'lost@verified.example.com' }])
    await bench.atCrm('DELETE', '/contacts/lost%40verified.example.com')
    const told = await bench.crmsync.run(['verify', '--crm', 'brevo'], { code: 2 })
    assert.match(told, /1 missing/)
    bench.saw(`GET /contacts/${brevo.id} 200`)
  })

  check('imports many', async (t) => {
    const limits = {
      BREVO_RATE_LIMIT_PER_SECOND: '1',
      BREVO_IMPORT_MIN_CONTACTS: '300',
    }
    const crmsync = await Crmsync.create({ ...bench.settings, ...limits })
    t.after(() => crmsync.stop())
    await crmsync.serve()
    await bench.simulator.faults({ match: { email: 'bad@' }, effect: { kind: 'reject' } })
    const names = ['bad', ...Array.from({ length: 400 }, (_, i) => `c${i}`)]
    await crmsync.import(names.map((name) => ({ email: `${name}@import.example.com`, name, has_gmail: true })))
    await crmsync.run(['sync', 'brevo', '--all'])
    const failed = (await crmsync.settled(names.length)).filter(({ state }) => state === 'failed')
    assert.equal(failed.length, 1, crmsync.log)
    bench.saw('POST /contacts/import 202', /^GET \/processes\/\d+ 200/)
    await bench.simulator.faults()
  })

  check('has its refusals documented', async () => {
    for (const status of [400, 402, 403, 425, 500, 503]) {
      await bench.meet(`s${status}.example.com`, { kind: 'respond', status })
      bench.saw(`POST /contacts ${status}`)
    }
    await bench.meet('s401.example.com', { kind: 'ip_unauthorized' })
    await bench.meet('s429.example.com', { kind: 'rate_limited' })
    bench.saw('POST /contacts 401', 'POST /contacts 429')
  })

  check('is told of a list that is none', async () => {
    await bench.crmsync.run(['setup', 'brevo'], { code: 1, settings: { BREVO_LIST_ID: '77' } })
    bench.saw('GET /contacts/lists/77 404')
  })
})
