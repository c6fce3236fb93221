import { api, ask, type Crm, type Schemas } from './client'
import { readPage } from './contacts'
import { asBody, type Filter } from './filter'

/** As many as the API previews at once. */
const sample_max = 100

export interface Rehearsal {
  crm: Crm
  total: number
  forecast: Schemas['Forecast']['forecast']
  /** How they would go out, in the program's words. */
  delivery: string
  sample: Schemas['Preview'][]
  emails: Map<string, string>
}

/** What would happen, without a call to the CRM: collisions are counted over all, payloads are made for the first. */
export async function rehearse(crm: Crm, filter: Filter): Promise<Rehearsal> {
  const page = await readPage({ ...filter, sort: '-created_at', limit: sample_max })
  const params = { path: { crm } }
  const hasFilter = Object.keys(filter).length > 0
  const all = hasFilter ? asBody(filter) : { all: true }
  const forecast = (await ask(
    api.POST('/api/v3/contacts/{crm}/preview', {
      params,
      body: { ...all, forecast: true } as Schemas['PreviewRequest'],
    }),
  )) as Schemas['Forecast']
  const ids = page.rows.map((row) => row.id)
  const previews = (await ask(
    api.POST('/api/v3/contacts/{crm}/preview', { params, body: { contact_ids: ids } }),
  )) as Schemas['Previews']
  return {
    crm,
    total: forecast.forecast.contact_count,
    forecast: forecast.forecast,
    delivery: previews.delivery,
    sample: previews.previews,
    emails: new Map(page.rows.map((row) => [row.id, row.email])),
  }
}

const seconds: Record<string, number> = { second: 1, '10 seconds': 10, minute: 60, hour: 3600, day: 86_400 }

/** Seconds that so many single calls take by the tightest of the limits; null where none is published. */
export function secondsFor(calls: number, budget: Schemas['CrmHealth']['budget']): number | null {
  const times = budget.flatMap(({ window, limit }) => {
    const length = seconds[window]
    return length && limit > 0 ? [(calls / limit) * length] : []
  })
  return times.length > 0 ? Math.max(...times) : null
}

/** How many of a sample would be sent, refused, or sent with something left out. */
export function outcomesOf(sample: Schemas['Preview'][]) {
  const refusals = new Map<string, number>()
  const warnings = new Map<string, number>()
  const add = (to: Map<string, number>, text: string) => to.set(text, (to.get(text) ?? 0) + 1)
  for (const { refusal, warnings: told } of sample) {
    if (refusal) add(refusals, `${refusal.field}: ${refusal.reason}`)
    for (const warning of told) add(warnings, warning)
  }
  return {
    sent: sample.filter((one) => one.would_send).length,
    unchanged: sample.filter((one) => one.would_send && one.unchanged_since_last_sync).length,
    refusals: [...refusals].sort((a, b) => b[1] - a[1]),
    warnings: [...warnings].sort((a, b) => b[1] - a[1]),
  }
}
