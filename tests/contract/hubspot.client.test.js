import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'

import { Client } from '@hubspot/api-client'

import { Simulator } from './lib/crmsync.js'

describe("HubSpot's official client at the simulator", () => {
  let simulator
  let client

  const connect = (numberOfApiCallRetries = 0) =>
    new Client({ accessToken: 'pat-na1-client', basePath: simulator.hubspot, numberOfApiCallRetries })
  /** Asserts that the promise is rejected with this status, and returns the error's body. */
  const refusal = async (code, promise) => {
    const error = await promise.then(
      () => assert.fail('not refused'),
      (reason) => reason,
    )
    assert.equal(error.code, code, error)
    return error.body
  }

  before(async () => {
    simulator = await Simulator.start()
    client = connect()
  })
  beforeEach(() => simulator.faults())
  after(() => simulator?.stop())

  it('creates, reads, updates and archives a contact', async () => {
    const { basicApi } = client.crm.contacts
    const { id } = await basicApi.create({ properties: { email: 'Elly@client.example.com', firstname: 'Elly' } })
    const found = await basicApi.getById('elly@client.example.com', ['email', 'phone'], [], [], false, 'email')
    assert.deepEqual([found.id, found.properties.email, found.properties.phone], [id, 'elly@client.example.com', null])
    assert.ok(found.createdAt instanceof Date)
    const updated = await basicApi.update(id, { properties: { firstname: 'Ella' } })
    assert.equal(updated.properties.firstname, 'Ella')
    const body = await refusal(409, basicApi.create({ properties: { email: 'elly@client.example.com' } }))
    assert.equal(body.category, 'CONFLICT')
    assert.match(body.message, new RegExp(`Existing ID: ${id}`))
    await basicApi.archive(id)
    assert.equal((await refusal(404, basicApi.getById(id))).category, 'OBJECT_NOT_FOUND')
  })

  it('upserts a batch, and tells whom it refuses', async () => {
    const { batchApi } = client.crm.contacts
    const input = (email, properties = {}) => ({
      id: email,
      idProperty: 'email',
      objectWriteTraceId: email,
      properties: { email, ...properties },
    })
    const created = await batchApi.upsert({ inputs: [input('a@batch.example.com'), input('b@batch.example.com')] })
    assert.deepEqual([created.status, created.results.map((each) => each._new)], ['COMPLETE', [true, true]])
    const mixed = await batchApi.upsert({
      inputs: [input('a@batch.example.com', { firstname: 'A' }), input('b@batch.example.com', { nope: 'x' })],
    })
    assert.deepEqual(
      mixed.results.map(({ objectWriteTraceId, _new }) => [objectWriteTraceId, _new]),
      [['a@batch.example.com', false]],
    )
    assert.equal(mixed.numErrors, 1)
    assert.deepEqual(mixed.errors[0].context.objectWriteTraceId, ['b@batch.example.com'])
    const doubled = batchApi.upsert({ inputs: [input('c@batch.example.com'), input('c@batch.example.com')] })
    assert.match((await refusal(400, doubled)).message, /Duplicate IDs/)
    const many = Array.from({ length: 101 }, (_, i) => input(`${i}@batch.example.com`))
    assert.equal((await refusal(400, batchApi.upsert({ inputs: many }))).category, 'VALIDATION_ERROR')
  })

  it('reads a batch by address', async () => {
    await client.crm.contacts.basicApi.create({ properties: { email: 'read@client.example.com' } })
    const inputs = ['read', 'nobody'].map((name) => ({ id: `${name}@client.example.com` }))
    const read = await client.crm.contacts.batchApi.read({
      inputs,
      idProperty: 'email',
      properties: ['email'],
      propertiesWithHistory: [],
    })
    assert.deepEqual([read.results.length, read.numErrors], [1, 1])
  })

  it('reads and creates properties and groups', async () => {
    const { coreApi, groupsApi } = client.crm.properties
    await groupsApi.create('contacts', { name: 'client', label: 'Client' })
    const definition = { name: 'client_id', label: 'Id', groupName: 'client', type: 'string', fieldType: 'text' }
    const property = await coreApi.create('contacts', definition)
    assert.equal(property.groupName, 'client')
    const { results } = await coreApi.getAll('contacts')
    assert.equal(results.find(({ name }) => name === 'hs_object_id').modificationMetadata.readOnlyValue, true)
    assert.equal((await refusal(409, coreApi.create('contacts', definition))).status, 'error')
  })

  it('makes a list and puts a record on it', async () => {
    const { listsApi, membershipsApi } = client.crm.lists
    const { list } = await listsApi.create({ name: 'Leads', objectTypeId: '0-1', processingType: 'MANUAL' })
    const { id } = await client.crm.contacts.basicApi.create({ properties: { email: 'member@client.example.com' } })
    const added = await membershipsApi.add(list.listId, [id, '999999'])
    assert.deepEqual([added.recordsIdsAdded, added.recordIdsMissing], [[id], ['999999']])
    assert.equal((await listsApi.getById(list.listId)).list.name, 'Leads')
  })

  it('searches what the index has caught up with', async () => {
    await simulator.settings({ hubspot: { search_lag_ms: 0 } })
    await client.crm.contacts.basicApi.create({ properties: { email: 'found@client.example.com' } })
    const filters = [{ propertyName: 'email', operator: 'EQ', value: 'found@client.example.com' }]
    const { total, results } = await client.crm.contacts.searchApi.doSearch({ filterGroups: [{ filters }], limit: 1 })
    assert.deepEqual([total, results[0].properties.email], [1, 'found@client.example.com'])
  })

  it('meets each limit as an error that names it', async () => {
    for (const [setting, policy] of [
      ['per_10_seconds', 'TEN_SECONDLY_ROLLING'],
      ['per_day', 'DAILY'],
    ]) {
      await simulator.settings({ hubspot: { [setting]: 1 } })
      await client.crm.properties.groupsApi.getAll('contacts')
      const body = await refusal(429, client.crm.properties.groupsApi.getAll('contacts'))
      assert.deepEqual([body.errorType, body.policyName], ['RATE_LIMIT', policy])
      await simulator.settings({ hubspot: { [setting]: 0 } })
    }
  })

  it('waits by itself and tries again after a search limit and a failure', async (t) => {
    const patient = connect(2)
    const told = t.mock.method(console, 'error', () => {})
    await simulator.settings({ hubspot: { search_per_second: 1 } })
    const search = () => patient.crm.contacts.searchApi.doSearch({ filterGroups: [] })
    await Promise.all([search(), search()])
    await simulator.settings({ hubspot: { search_per_second: 0 } })
    await simulator.faults({ times: 1, effect: { kind: 'respond', status: 502 } })
    await patient.crm.properties.groupsApi.getAll('contacts')
    assert.deepEqual(
      told.mock.calls.map(({ arguments: [text] }) => text.match(/\[(\d+)\]/)[1]),
      ['429', '502'],
    )
  })

  it('renews its OAuth token', async () => {
    await simulator.settings({ hubspot: { refresh_token: 'refresh-0' } })
    const { tokensApi } = client.oauth
    const args = [undefined, undefined, 'id', 'secret']
    const token = await tokensApi.create('refresh_token', ...args, 'refresh-0')
    assert.deepEqual([token.tokenType, token.refreshToken], ['bearer', 'refresh-0'])
    await refusal(400, tokensApi.create('refresh_token', ...args, 'another'))
  })
})
