import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import http from 'node:http'
import { after, before, describe, it } from 'node:test'

import fc from 'fast-check'

import { Served } from './lib/api.js'
import { requests } from './lib/requests.js'

const ROUNDS = 1250
const AT_A_TIME = 24
const GROWTH_MAX_MIB = 24
/** What the server may say of any request: no HTTP, no such resource or method, too large. */
const ALWAYS = [400, 404, 405, 413, 414, 431]

describe('The API, under requests that resemble those of its document', () => {
  let served
  let agent
  let ids

  before(async () => {
    served = await Served.start()
    agent = new http.Agent({ keepAlive: true, maxSockets: AT_A_TIME })
    await served.crmsync.import(
      Array.from({ length: 1000 }, (_, i) => ({ email: `c${i}@example.com`, name: `C ${i}` })),
    )
    const headers = { authorization: `Bearer ${served.crmsync.token}` }
    const listed = await fetch(`${served.crmsync.url}/api/v3/contacts?limit=1000`, { headers })
    ids = (await listed.json()).map(({ id }) => id)
  })
  after(async () => {
    agent?.destroy()
    await served?.stop()
  })

  /** Sends it over a connection that is kept; gives the status. */
  async function send({ method, target, headers, body }) {
    const request = http.request(served.crmsync.url + target, { agent, method, headers }).end(body)
    const [answer] = await once(request, 'response')
    if (answer.headers['content-type'] === 'text/event-stream') answer.destroy()
    else for await (const _ of answer);
    return answer.statusCode
  }

  /** What the server holds in memory of its own, in MiB. */
  async function memory() {
    const status = await readFile(`/proc/${served.crmsync.pid}/status`, 'utf8')
    return Number(status.match(/^RssAnon:\s+(\d+) kB/m)[1]) / 1024
  }

  it('keeps to the statuses of the document, lives, and does not grow', async (t) => {
    const seed = Number(process.env.CRMSYNC_SEED ?? (Math.random() * 2 ** 31) | 0)
    t.diagnostic(`CRMSYNC_SEED=${seed}`)
    const request = requests(fc.constantFrom(...ids), served.crmsync.token)
    const seen = new Map()
    const memories = []
    const round = fc.asyncProperty(fc.array(request, { minLength: AT_A_TIME, maxLength: AT_A_TIME }), async (some) => {
      const statuses = await Promise.all(some.map(send))
      statuses.forEach((status, i) => {
        const { id, statuses: documented } = some[i].operation
        const isRight = status < 500 && (documented.includes(status) || ALWAYS.includes(status))
        assert.ok(isRight, `${id} ${status}: ${some[i].method} ${some[i].target}`)
        seen.set(status, (seen.get(status) ?? 0) + 1)
      })
      memories.push(await memory())
    })
    await fc.assert(round, { seed, numRuns: ROUNDS })

    const total = [...seen.values()].reduce((sum, count) => sum + count)
    const growth = memories.at(-1) - memories[Math.floor(ROUNDS / 4)]
    t.diagnostic(`${total} requests: ${[...seen].sort().map((pair) => pair.join(' x '))}; ${growth.toFixed(1)} MiB`)
    assert.equal(total, ROUNDS * AT_A_TIME)
    assert.ok(growth < GROWTH_MAX_MIB, `grew by ${growth} MiB`)
    for (const status of [200, 201, 204, 404, 422]) assert.ok(seen.get(status) > 10, `${status} was hardly given`)
  })
})
