import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import http from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'

import { prepare } from './lib/documents.js'
import { ValidatingProxy } from './lib/prism.js'

const json = (properties) => ({
  content: { 'application/json': { schema: { type: 'object', required: ['id'], properties } } },
})
const DOCUMENT = {
  openapi: '3.0.1',
  info: { title: 'Things', version: '1' },
  components: { schemas: {}, securitySchemes: { key: { type: 'apiKey', name: 'api-key', in: 'header' } } },
  security: [{ key: [] }],
  paths: {
    '/things': {
      post: {
        requestBody: json({ id: { type: 'integer' } }),
        responses: { 200: { description: 'Done', ...json({ id: { type: 'integer' } }) } },
      },
    },
  },
}

/** A validator that lets everything pass would leave all other tests green. */
describe('The validating proxy', () => {
  let scratch
  let api
  let proxy
  let answer

  before(async () => {
    scratch = await mkdtemp(path.join(tmpdir(), 'crmsync-contract-'))
    api = http.createServer((_, response) => {
      response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body))
    })
    api.listen(0, '127.0.0.1')
    await once(api, 'listening')
    const upstream = `http://127.0.0.1:${api.address().port}`
    proxy = await ValidatingProxy.start(prepare(DOCUMENT, []), upstream, scratch)
  })
  after(async () => {
    await proxy?.stop()
    api.close()
    await rm(scratch, { recursive: true })
  })

  const cases = [
    { what: 'lets pass what the document allows', tells: [] },
    { what: 'tells of a request with a member too many', request: { id: 1, nope: 1 }, tells: [/request.body: .*nope/] },
    { what: 'tells of a request of another type', request: { id: 'x' }, tells: [/request.body.id: .*integer/] },
    { what: 'tells of a request without credentials', headers: {}, tells: [/security/i] },
    { what: 'tells of a call that there is not', target: '/others', tells: [/path/i] },
    { what: 'tells of an answer with a member too many', body: { id: 1, nope: 1 }, tells: [/response.body: .*nope/] },
    { what: 'tells of an answer without what it must have', body: {}, tells: [/response.body: .*id/] },
    { what: 'tells of an answer of another status', status: 418, tells: [/response: .*status code/] },
  ]
  for (const { what, target = '/things', request = { id: 1 }, headers, status, body = { id: 1 }, tells } of cases) {
    it(what, async () => {
      answer = { status, body }
      await fetch(proxy.url + target, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(headers ?? { 'api-key': 'key' }) },
        body: JSON.stringify(request),
      })
      const told = proxy.takeViolations().flatMap(({ violations }) => violations)
      assert.equal(told.length, tells.length, told.join('\n'))
      tells.forEach((pattern, i) => assert.match(told[i], pattern))
    })
  }
})
