import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'

import { Brevo, BrevoClient, BrevoError } from '@getbrevo/brevo'

import { Simulator } from './lib/crmsync.js'

describe("Brevo's official client at the simulator", () => {
  let simulator
  let client

  before(async () => {
    simulator = await Simulator.start()
    client = new BrevoClient({ apiKey: 'xkeysib-client', baseUrl: simulator.brevo, maxRetries: 0 })
  })
  beforeEach(() => simulator.faults())
  after(() => simulator?.stop())

  it('knows the account', async () => {
    const account = await client.account.getAccount()
    assert.equal(account.email, 'owner@example.com')
    assert.equal(account.plan[0].creditsType, 'sendLimit')
  })

  it('creates, updates, reads, moves and deletes a contact', async () => {
    const email = 'elly@client.example.com'
    const contact = { email, attributes: { FIRSTNAME: 'Elly', SMS: '+33689965433' }, listIds: [1], updateEnabled: true }
    const { id } = await client.contacts.createContact(contact)
    assert.equal(typeof id, 'number')
    assert.equal(await client.contacts.createContact(contact), undefined, 'an update answers 204')
    const read = await client.contacts.getContactInfo({ identifier: email })
    assert.deepEqual([read.id, read.attributes.FIRSTNAME, read.listIds], [id, 'Elly', [1]])
    await client.contacts.updateContact({ identifier: id, attributes: { EMAIL: 'elly2@client.example.com' } })
    await client.contacts.deleteContact({ identifier: 'elly2@client.example.com' })
    await assert.rejects(client.contacts.getContactInfo({ identifier: email }), (error) => {
      assert.ok(error instanceof Brevo.NotFoundError)
      assert.equal(error.body.code, 'document_not_found')
      return true
    })
  })

  it('tells that a contact exists, as a typed error with the identifiers', async () => {
    await client.contacts.createContact({ email: 'twice@client.example.com' })
    await assert.rejects(client.contacts.createContact({ email: 'twice@client.example.com' }), (error) => {
      assert.ok(error instanceof Brevo.BadRequestError)
      assert.equal(error.body.code, 'duplicate_parameter')
      assert.deepEqual(error.body.metadata.duplicate_identifiers, ['email'])
      return true
    })
  })

  it('updates several in one call', async () => {
    for (const name of ['a', 'b']) await client.contacts.createContact({ email: `${name}@batch.example.com` })
    await client.contacts.updateBatchContacts({
      contacts: ['a', 'b'].map((name) => ({ email: `${name}@batch.example.com`, attributes: { LASTNAME: name } })),
    })
    const { attributes } = await client.contacts.getContactInfo({ identifier: 'b@batch.example.com' })
    assert.equal(attributes.LASTNAME, 'b')
  })

  it('imports, and follows the process', async () => {
    const { processId } = await client.contacts.importContacts({
      jsonBody: [{ email: 'a@import.example.com' }, { email: 'no address' }],
      listIds: [1],
      disableNotification: true,
    })
    const found = await client.process.getProcess({ processId })
    assert.equal(found.status, 'completed')
    assert.match(await (await fetch(found.info.import.invalid_emails)).text(), /no address/)
    await client.contacts.getContactInfo({ identifier: 'a@import.example.com' })
  })

  it('lists and creates attributes and lists', async () => {
    await client.contacts.createAttribute({ attributeCategory: 'normal', attributeName: 'CLIENT', type: 'boolean' })
    const { attributes } = await client.contacts.getAttributes()
    assert.deepEqual(
      attributes.filter(({ name }) => name === 'CLIENT'),
      [{ name: 'CLIENT', category: 'normal', type: 'boolean' }],
    )
    const { id } = await client.contacts.createList({ name: 'Leads', folderId: 1 })
    await client.contacts.createContact({ email: 'member@client.example.com' })
    const added = await client.contacts.addContactToList({
      listId: id,
      body: { emails: ['member@client.example.com'] },
    })
    assert.deepEqual(added.contacts.success, ['member@client.example.com'])
    assert.equal((await client.contacts.getList({ listId: id })).name, 'Leads')
    assert.ok((await client.contacts.getLists({ limit: 50 })).lists.some((list) => list.id === id))
    const { contacts } = await client.contacts.getContactsFromList({ listId: id })
    assert.deepEqual(
      contacts.map(({ email }) => email),
      ['member@client.example.com'],
    )
  })

  it('meets the limit as an error, with what Brevo says of its end', async () => {
    await simulator.faults({ times: 1, effect: { kind: 'rate_limited', retry_after_s: 7 } })
    await assert.rejects(client.contacts.createContact({ email: 'late@client.example.com' }), (error) => {
      assert.ok(error instanceof BrevoError)
      assert.equal(error.statusCode, 429)
      assert.equal(error.rawResponse.headers.get('x-sib-ratelimit-reset'), '7')
      assert.equal(error.rawResponse.headers.get('retry-after'), null, 'Brevo sends none')
      return true
    })
  })

  it('waits by itself and tries again after a limit and a failure', async () => {
    const patient = new BrevoClient({ apiKey: 'xkeysib-client', baseUrl: simulator.brevo, maxRetries: 1 })
    for (const effect of [{ kind: 'rate_limited' }, { kind: 'respond', status: 503 }]) {
      await simulator.faults({ times: 1, effect })
      await patient.contacts.createContact({ email: 'patient@client.example.com', updateEnabled: true })
    }
  })

  it('is refused with a wrong key', async () => {
    await simulator.settings({ brevo: { api_key: 'xkeysib-another' } })
    await assert.rejects(client.contacts.getAttributes(), (error) => {
      assert.equal(error.statusCode, 401)
      assert.equal(error.body.code, 'unauthorized')
      return true
    })
    await simulator.settings({ brevo: { api_key: '' } })
  })
})
