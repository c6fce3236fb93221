import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'

import { Program } from './program.js'
import { Waiter } from './waiter.js'

const BINARY = process.env.CRMSYNC_BINARY
const SETTLED = ['completed', 'failed', 'retrying']

/** The simulated CRMs: `brevo` and `hubspot` are where their APIs are. */
export class Simulator {
  #program
  #control

  /** Without limits on rates, unless a test sets them. */
  static async start() {
    const simulator = new Simulator()
    simulator.#program = new Program(BINARY, ['simulate', '--port', '0', '--json', '--unlimited'])
    const [told] = await simulator.#program.waitFor(/\{.*\}\n/)
    const { brevo, hubspot, control } = JSON.parse(told)
    Object.assign(simulator, { brevo, hubspot })
    simulator.#control = control
    return simulator
  }

  /** As {"brevo": {"duplicate_code": "invalid_parameter"}}. */
  settings(settings) {
    return this.#ask('PUT', '/settings', settings)
  }

  /** Each one ({match, skip, times, effect}) as `PUT /_control/faults` takes it; none ends them. */
  faults(...rules) {
    return this.#ask('PUT', '/faults', rules)
  }

  /** The contact as each CRM has it, or null: {brevo, hubspot}. */
  contact(email) {
    return this.#ask('GET', `/contacts?email=${encodeURIComponent(email)}`)
  }

  stop() {
    return this.#program.stop()
  }

  async #ask(method, target, body) {
    const answer = await fetch(this.#control + target, { method, body: body && JSON.stringify(body) })
    assert.ok(answer.ok, `${method} ${target}: ${answer.status} ${await answer.clone().text()}`)
    return answer.status === 204 ? undefined : answer.json()
  }
}

/** crmsync with a database of its own and no settings but the given ones. */
export class Crmsync {
  #home
  #environment
  #server
  #events
  #jobs = []
  #waiter = new Waiter()

  static async create(settings) {
    const crmsync = new Crmsync()
    crmsync.#home = await mkdtemp(path.join(tmpdir(), 'crmsync-contract-'))
    crmsync.#environment = {
      HOME: crmsync.#home,
      PATH: '/usr/bin:/bin',
      CRMSYNC_STATE_DIR: path.join(crmsync.#home, 'state'),
      CRMSYNC_ENV_FILE: '/dev/null',
      CRMSYNC_CONFIG: '/dev/null',
      CRMSYNC_LISTEN: '127.0.0.1:0',
      JWT_SECRET_KEY: randomBytes(32).toString('hex'),
      ...settings,
    }
    return crmsync
  }

  /** Runs one command. Returns what it printed; throws when it exits with another code. */
  async run(args, { input = '', code = 0, settings = {} } = {}) {
    const program = new Program(BINARY, args, { ...this.#environment, ...settings }, input)
    assert.equal(await program.end(), code, `crmsync ${args.join(' ')}:\n${program.output}`)
    return program.output
  }

  /** Whether it has that command. */
  async can(command) {
    return (await this.run(['--help'])).includes(`\n  ${command} `)
  }

  /** Starts API and workers, and listens to what they do. Then `url` is where the API is, and `token` opens it. */
  async serve() {
    this.#server = new Program(BINARY, ['serve'], this.#environment)
    const [, url] = await this.#server.waitFor(/listening on (http:\/\/[0-9.:]+)/)
    this.url = url
    this.token = (await this.run(['token'])).trim()
    this.#events = new AbortController()
    const stream = await fetch(`${url}/api/v3/crm/events`, {
      headers: { authorization: `Bearer ${this.token}` },
      signal: this.#events.signal,
    })
    assert.equal(stream.status, 200)
    this.#listen(stream.body).catch(() => {})
  }

  /** Contacts as objects with the columns' names. */
  async import(contacts) {
    const lines = contacts.map((contact) => JSON.stringify(contact)).join('\n')
    await this.run(['import', '-', '--format', 'ndjson'], { input: lines })
  }

  /** What was told so far counts no more. */
  forget() {
    this.#jobs = []
  }

  /** Waits until so many contacts have been told to be synced, refused or put off: their events. */
  settled(count) {
    return this.#told(count, ({ state }) => SETTLED.includes(state))
  }

  /** Waits until an attempt has ended, if only to be made again. */
  attempted() {
    return this.#told(1, () => true)
  }

  /** Of the server. */
  get pid() {
    return this.#server.pid
  }

  get log() {
    return this.#server?.output ?? ''
  }

  async stop() {
    this.#events?.abort()
    await this.#server?.stop()
    await rm(this.#home, { recursive: true, force: true })
  }

  async #told(count, condition) {
    const told = () => this.#jobs.filter(condition)
    await this.#waiter.until(
      () => told().length >= count,
      () => `${told().length} of ${count} told:\n${this.log}`,
    )
    return told()
  }

  async #listen(stream) {
    let text = ''
    for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
      const events = (text + chunk).split('\n\n')
      text = events.pop()
      for (const event of events) {
        const [, kind] = event.match(/^event: (.*)$/m) ?? []
        if (kind !== 'job') continue
        this.#jobs.push(JSON.parse(event.match(/^data: (.*)$/m)[1]))
      }
      this.#waiter.wake()
    }
  }
}
