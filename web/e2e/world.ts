import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { chromium_path, chromium_switches } from './browser.ts'
import { Postgres } from './postgres.ts'

const binary = resolve(process.env.CRMSYNC_BINARY ?? '../build/test/crmsync')

/** A child process whose output can be waited for; it does not outlive the tests. */
class Program {
  readonly #child: ChildProcess
  #output = ''
  #wake: () => void = () => undefined

  constructor(args: string[], environment: NodeJS.ProcessEnv) {
    this.#child = spawn(binary, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
    const kill = () => this.#child.kill('SIGKILL')
    process.once('exit', kill)
    this.#child.once('close', () => process.off('exit', kill))
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text
        this.#wake()
      })
    this.#child.once('close', () => this.#wake())
  }

  /** The match in what it says, once it has said it. */
  async says(pattern: RegExp): Promise<RegExpMatchArray> {
    for (;;) {
      const match = this.#output.match(pattern)
      if (match) return match
      if (this.#child.exitCode !== null) throw new Error(`It ended without ${pattern}:\n${this.#output}`)
      await new Promise<void>((wake) => (this.#wake = wake))
    }
  }

  async end(): Promise<string> {
    while (this.#child.exitCode === null && this.#child.signalCode === null)
      await new Promise<void>((wake) => (this.#wake = wake))
    return this.#output
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM') {
    this.#child.kill(signal)
    await this.end()
  }
}

export type Database = 'SQLite' | 'PostgreSQL'

/** The program with a database of its own, all four CRMs simulated, and a browser. */
export class World {
  url = ''
  token = ''
  readonly #home: string
  readonly #environment: NodeJS.ProcessEnv
  readonly #simulator: Program
  readonly #control: string
  readonly #browser: Browser
  readonly #postgres: Postgres | undefined
  #server: Program | undefined
  #crashed = false

  private constructor(
    home: string,
    environment: NodeJS.ProcessEnv,
    simulator: Program,
    control: string,
    browser: Browser,
    postgres: Postgres | undefined,
  ) {
    this.#home = home
    this.#environment = environment
    this.#simulator = simulator
    this.#control = control
    this.#browser = browser
    this.#postgres = postgres
  }

  static async start(settings: Record<string, string> = {}, database: Database = 'SQLite'): Promise<World> {
    const postgres = database === 'PostgreSQL' ? await Postgres.start() : undefined
    const simulator = new Program(['simulate', '--port', '0', '--json', '--unlimited'], process.env)
    const told = JSON.parse((await simulator.says(/\{.*\}\n/))[0]) as Record<string, string>
    const home = await mkdtemp(join(tmpdir(), 'crmsync-web-'))
    const environment = {
      HOME: home,
      PATH: '/usr/bin:/bin',
      CRMSYNC_STATE_DIR: join(home, 'state'),
      CRMSYNC_ENV_FILE: '/dev/null',
      CRMSYNC_CONFIG: '/dev/null',
      CRMSYNC_LISTEN: '127.0.0.1:0',
      JWT_SECRET_KEY: randomBytes(32).toString('hex'),
      BREVO_API_KEY: 'xkeysib-web',
      BREVO_API_BASE_URL: told.brevo,
      HUBSPOT_API_KEY: 'pat-web',
      HUBSPOT_API_BASE_URL: told.hubspot,
      MAUTIC_BASE_URL: told.mautic,
      MAUTIC_USERNAME: 'web',
      MAUTIC_PASSWORD: 'web',
      N8N_WEBHOOK_URL: `${told.n8n}/webhook/contacts`,
      N8N_WEBHOOK_AUTH: 'none',
      // An outage is over as soon as the CRM is back, and not five minutes later.
      ...Object.fromEntries(
        ['BREVO', 'HUBSPOT', 'MAUTIC', 'N8N'].map((crm) => [`${crm}_SYNC_RETRY_DELAY_MINUTES`, '1']),
      ),
      ...(postgres && { DATABASE_URL: postgres.url }),
      ...settings,
    }
    const browser = await chromium.launch({
      executablePath: chromium_path,
      args: chromium_switches,
    })
    const world = new World(home, environment, simulator, told.control ?? '', browser, postgres)
    await world.serve()
    world.token = (await world.run('token', '--role', 'admin')).trim()
    return world
  }

  /** Starts the server; again, where it was before. */
  async serve() {
    const listen = this.url ? { CRMSYNC_LISTEN: new URL(this.url).host } : {}
    this.#server = new Program(['serve'], { ...this.#environment, ...listen })
    this.url = (await this.#server.says(/http:\/\/127\.0\.0\.1:\d+/))[0]
  }

  /** Ends the server as a crash would. */
  async crash() {
    this.#crashed = true
    await this.#server?.stop('SIGKILL')
  }

  async run(...args: string[]): Promise<string> {
    return new Program(args, this.#environment).end()
  }

  /** As `PUT /_control/faults` takes them; none ends them. */
  async faults(...rules: object[]) {
    const answer = await fetch(`${this.#control}/faults`, { method: 'PUT', body: JSON.stringify(rules) })
    if (!answer.ok) throw new Error(await answer.text())
  }

  /** A browser of its own. What it complains of, and whom else it asks, ends up in `complaints`. */
  async open(theme: 'light' | 'dark', complaints: string[]): Promise<Page> {
    const context: BrowserContext = await this.#browser.newContext({
      colorScheme: theme,
      viewport: { width: 1280, height: 800 },
      locale: 'en-GB',
      timezoneId: 'Europe/Madrid',
      reducedMotion: 'reduce',
    })
    context.setDefaultTimeout(30_000)
    const page = await context.newPage()
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      // What the program refuses, and says why, the browser notes as an error of its own; likewise that nobody answers.
      const expected = (this.#crashed ? /\b40[139]\b|net::ERR_/ : /\b40[139]\b/).test(message.text())
      if (['error', 'warning'].includes(message.type()) && !expected) complaints.push(message.text())
    })
    page.on('request', (request) => {
      if (!/^(blob|data):/.test(request.url()) && !request.url().startsWith(this.url)) complaints.push(request.url())
    })
    return page
  }

  /** A browser that is signed in, by a link. */
  async enter(theme: 'light' | 'dark', complaints: string[], token = this.token): Promise<Page> {
    const page = await this.open(theme, complaints)
    await page.goto(`${this.url}/#token=${token}`)
    await page.getByRole('navigation', { name: 'Pages' }).waitFor()
    return page
  }

  async stop() {
    await this.#browser.close()
    await this.#server?.stop()
    await this.#simulator.stop()
    this.#postgres?.stop()
    await rm(this.#home, { recursive: true, force: true })
  }
}
