import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import lighthouse, { desktopConfig } from 'lighthouse'
import { chromium } from 'playwright-core'
import { chromium_path, chromium_switches } from './browser.ts'
import { freePort } from './port.ts'

export type Category = 'accessibility' | 'best-practices' | 'performance'

export interface Verdict {
  /** Of 100. */
  scores: Partial<Record<string, number>>
  /** What costs points, in Lighthouse's words. */
  findings: string[]
}

/** What Lighthouse thinks of a page, seen on a desktop by somebody who is signed in. */
export async function judge(url: string, token: string, path: string, categories: Category[]): Promise<Verdict> {
  const profile = await mkdtemp(join(tmpdir(), 'crmsync-lighthouse-'))
  const port = await freePort()
  // Lighthouse opens its pages beside ours, in the one context that a profile has.
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: chromium_path,
    args: [...chromium_switches, `--remote-debugging-port=${port}`],
  })
  try {
    const page = await context.newPage()
    await page.goto(`${url}/#token=${token}`)
    await page.getByRole('navigation', { name: 'Pages' }).waitFor()
    await page.goto('about:blank')
    return await judgePage(url + path, port, categories)
  } finally {
    await context.close()
    await rm(profile, { recursive: true, force: true })
  }
}

async function judgePage(url: string, port: number, onlyCategories: Category[]): Promise<Verdict> {
  const flags = { port, onlyCategories, disableStorageReset: true, logLevel: 'error' as const }
  const result = await lighthouse(url, flags, desktopConfig)
  if (!result || result.lhr.runtimeError)
    throw new Error(result?.lhr.runtimeError?.message ?? 'Lighthouse says nothing')
  const { categories, audits } = result.lhr
  const weighed = Object.values(categories).flatMap(({ auditRefs }) => auditRefs.filter(({ weight }) => weight > 0))
  return {
    scores: Object.fromEntries(Object.values(categories).map(({ id, score }) => [id, Math.round((score ?? 0) * 100)])),
    findings: weighed.flatMap(({ id }) => {
      const audit = audits[id]
      return audit && audit.score !== null && audit.score < 1
        ? [`${audit.title} ${audit.displayValue ?? ''}`.trim()]
        : []
    }),
  }
}
