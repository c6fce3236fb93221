import type { Schemas } from '../api/client'

/** The cause in words, as a heading. */
export function causeTitle({ title, cause }: Schemas['FailureCause']): string {
  const words = title || cause.replaceAll('_', ' ') || 'other reasons'
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** Who has to act. */
export const kinds: Record<Schemas['FailureCause']['kind'], string> = {
  contact: 'The contact\u2019s data',
  duplicate: 'Another contact there',
  consent: 'They opted out',
  credentials: 'The key',
  setup: 'Set-up',
  outage: 'An outage',
  other: 'Other',
}
