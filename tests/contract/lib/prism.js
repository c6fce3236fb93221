import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import http from 'node:http'
import { createRequire } from 'node:module'
import path from 'node:path'

import { Program } from './program.js'

const CLI = createRequire(import.meta.url).resolve('@stoplight/prism-cli/dist/index.js')

/**
 * Prism between a client and an API: it answers by itself, as an error, what the document does not allow, and this
 * notes for each exchange what it complained of. Complaints come with the answers (in a header, or as problem+json), so
 * the answers are looked at on their way: Prism's log does not tell whose violation it is. Of a lenient one both sides
 * hear the other as it is, and the complaints are noted all the same.
 */
export class ValidatingProxy {
  /** [{method, path, status, request, violations: [text]}], oldest first. */
  exchanges = []
  #prism
  #server
  #upstream
  #taken = 0

  /** `scratch`: a directory for the document. */
  static async start(document, upstream, scratch, { lenient = false } = {}) {
    const proxy = new ValidatingProxy()
    const file = path.join(scratch, 'openapi.json')
    await writeFile(file, JSON.stringify(document))
    const args = [CLI, 'proxy', file, upstream, ...(lenient ? [] : ['--errors']), '--port', '0', '--cors', 'false']
    proxy.#prism = new Program(process.execPath, args, { ...process.env, NO_COLOR: '1' })
    const [, address] = await proxy.#prism.waitFor(/Prism is listening on (http:\/\/[0-9.:]+)/)
    proxy.#upstream = address
    proxy.#server = http.createServer((request, response) => proxy.#pass(request, response))
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}`
  }

  /** The exchanges since last time that the document does not allow. */
  takeViolations() {
    const fresh = this.exchanges.slice(this.#taken)
    this.#taken = this.exchanges.length
    return fresh.filter(({ violations }) => violations.length > 0)
  }

  /** "POST /contacts 201" of all exchanges, each once. */
  get shapes() {
    return new Set(this.exchanges.map(({ method, path, status }) => `${method} ${path} ${status}`))
  }

  async stop() {
    this.#server.closeAllConnections()
    this.#server.close()
    await this.#prism.stop()
  }

  async #pass(request, response) {
    const body = await read(request)
    const { method, url, headers } = request
    const forwarded = http.request(this.#upstream + url, { method, headers }).end(body)
    const [answer] = await once(forwarded, 'response')
    const answerBody = await read(answer)
    this.exchanges.push({
      method,
      path: url,
      status: answer.statusCode,
      request: body.toString(),
      violations: violationsOf(answer.headers, answerBody),
    })
    response.writeHead(answer.statusCode, answer.headers).end(answerBody)
  }
}

async function read(stream) {
  const chunks = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function violationsOf(headers, body) {
  const listed = headers['sl-violations']
  if (listed && !listed.startsWith('[')) return [listed]
  if (listed) return JSON.parse(listed).map(told)
  // A request that Prism did not pass on.
  if (headers['content-type'] !== 'application/problem+json') return []
  const { title, detail, validation } = JSON.parse(body)
  return validation?.map((each) => `request.${told(each)}`) ?? [`${title}: ${detail}`]
}

function told({ location = [], message }) {
  return `${location.join('.')}: ${message}`
}
