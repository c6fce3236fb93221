import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, before, describe, it } from 'node:test'

import { DOCUMENT, FILE } from './lib/openapi.js'
import { Program } from './lib/program.js'

const { resolve } = createRequire(import.meta.url)
const beside = (name) => path.join(import.meta.dirname, name)
const LINTERS = {
  Redocly: {
    command: [resolve('@redocly/cli/bin/cli.js'), 'lint', '--config', beside('redocly.yaml')],
    rules: ['no-invalid-media-type-examples', 'operation-operationId', 'no-unresolved-refs', 'no-unused-components'],
  },
  Spectral: {
    command: [
      ...[resolve('@stoplight/spectral-cli/dist/index.js'), 'lint', '--ruleset', beside('spectral.yaml')],
      ...['--fail-severity', 'hint'],
    ],
    rules: ['oas3-valid-media-example', 'operation-operationId', 'invalid-ref', 'oas3-unused-component'],
  },
}

/** What a linter says of a document, and whether it found anything. */
async function lint([program, ...args], file) {
  const quiet = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', NO_COLOR: '1' }
  const linter = new Program(process.execPath, [program, ...args, file], { ...process.env, ...quiet })
  const isClean = (await linter.end()) === 0 && !/[1-9]\d* (warning|problem)/.test(linter.output)
  return { isClean, said: linter.output }
}

/** With an example that its schema forbids, a call without a name, a schema that is not there, and one nobody uses. */
function mistaken() {
  const document = structuredClone(DOCUMENT)
  const { components, paths } = document
  components.examples.Contact.value.retry_count = 'none'
  delete paths['/docs'].get.operationId
  components.schemas.Ready.properties.database.$ref = '#/components/schemas/Nowhere'
  components.schemas.Unused = { type: 'string' }
  return document
}

for (const [name, { command, rules }] of Object.entries(LINTERS)) {
  describe(`${name}, on the document of the API`, () => {
    let scratch

    before(async () => (scratch = await mkdtemp(path.join(tmpdir(), 'crmsync-contract-'))))
    after(() => rm(scratch, { recursive: true }))

    it('finds nothing', async () => {
      const { isClean, said } = await lint(command, FILE)
      assert.ok(isClean, said)
    })

    it('would find mistakes', async () => {
      const file = path.join(scratch, 'openapi.json')
      await writeFile(file, JSON.stringify(mistaken()))
      const { isClean, said } = await lint(command, file)
      assert.ok(!isClean)
      for (const rule of rules) assert.ok(said.includes(rule), `no ${rule} in\n${said}`)
    })
  })
}
