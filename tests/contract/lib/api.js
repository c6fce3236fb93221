import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

import { Crmsync, Simulator } from './crmsync.js'
import { DOCUMENT, OPERATIONS, target } from './openapi.js'
import { ValidatingProxy } from './prism.js'

const KEY = 'xkeysib-api'

/** A crmsync that works with a simulated Brevo and no other CRM. */
export class Served {
  static async start(settings) {
    const served = new Served()
    try {
      served.simulator = await Simulator.start()
      served.crmsync = await Crmsync.create({
        BREVO_API_KEY: KEY,
        BREVO_API_BASE_URL: served.simulator.brevo,
        BREVO_RATE_LIMIT_PER_SECOND: '0',
        BREVO_RATE_LIMIT_PER_HOUR: '0',
        ...settings,
      })
      await served.crmsync.serve()
    } catch (error) {
      await served.stop()
      throw error
    }
    return served
  }

  /** Loses a contact at the CRM, as somebody who works there would. */
  lose(email) {
    const at = `${this.simulator.brevo}/contacts/${encodeURIComponent(email)}`
    return fetch(at, { method: 'DELETE', headers: { 'api-key': KEY } })
  }

  async stop() {
    await this.crmsync?.stop()
    await this.simulator?.stop()
  }
}

/** Calls an API through Prism, which holds both sides to the document and lets them hear each other all the same. */
export class Api {
  /** "createContact 201" of all answers. */
  answers = new Set()
  #proxy
  #scratch
  #token

  static async start({ url, token }) {
    const api = new Api()
    api.#token = token
    api.#scratch = await mkdtemp(path.join(tmpdir(), 'crmsync-contract-'))
    api.#proxy = await ValidatingProxy.start(DOCUMENT, url, api.#scratch, { lenient: true })
    return api
  }

  /**
   * Makes the call of that name. `values` are the path's; a `body` that is no text is sent as JSON. Returns {status,
   * headers, body, violations}, the body parsed where it is JSON.
   */
  async call(name, { values, query, body, type = 'application/json', token = this.#token, accept } = {}) {
    const operation = OPERATIONS.find(({ id }) => id === name)
    const headers = {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': type }),
      ...(accept && { accept }),
    }
    const answer = await fetch(this.#proxy.url + target(operation.path, values, query), {
      method: operation.method,
      headers,
      body: body === undefined || typeof body === 'string' ? body : JSON.stringify(body),
    })
    const text = await answer.text()
    const isJson = answer.headers.get('content-type')?.startsWith('application/json')
    this.answers.add(`${name} ${answer.status}`)
    return {
      status: answer.status,
      headers: answer.headers,
      body: isJson ? JSON.parse(text) : text,
      violations: this.#proxy.takeViolations().flatMap(({ violations }) => violations),
    }
  }

  async stop() {
    await this.#proxy?.stop()
    await rm(this.#scratch, { recursive: true })
  }
}
