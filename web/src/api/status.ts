import type { Contact, Crm, Schemas } from './client'

/** Where a contact is at one CRM, in the words of the dashboard. */
export type Standing = 'none' | 'queued' | 'sending' | 'retrying' | 'complete' | 'changed' | 'failed' | 'skipped'

export const standingNames: Record<Standing, string> = {
  none: 'Not selected',
  queued: 'Queued',
  sending: 'Sending',
  retrying: 'Retrying',
  complete: 'Complete',
  changed: 'Changed since',
  failed: 'Failed',
  skipped: 'Skipped',
}

/** From the published columns (the table of ARCHITECTURE.md, read backwards). */
export function standingOf(contact: Contact, crm: Crm): Standing {
  const processing = contact[`${crm}_processing_status`]
  switch (contact[`${crm}_sync_status`]) {
    case 'Selected':
    case 'Queued':
      return processing === 'Error' ? 'retrying' : 'queued'
    case 'Processing':
      return 'sending'
    case 'Complete':
      return contact[`${crm}_changed_since_sync`] ? 'changed' : 'complete'
    case 'Error':
      return 'failed'
    case 'Skipped':
      return 'skipped'
    default:
      return 'none'
  }
}

export function standingOfState(state: Schemas['JobState']): Standing {
  return (
    ({ idle: 'none', running: 'sending', completed: 'complete' } as Record<string, Standing>)[state] ??
    (state as Standing)
  )
}

const columnsOf: Record<Standing, [Contact['brevo_sync_status'], Contact['brevo_processing_status']]> = {
  none: ['New', null],
  queued: ['Queued', 'Queued'],
  sending: ['Processing', 'Processing'],
  retrying: ['Queued', 'Error'],
  complete: ['Complete', 'Complete'],
  changed: ['Complete', 'Complete'],
  failed: ['Error', 'Error'],
  skipped: ['Skipped', null],
}

/** The contact as it will read once that change is told of. */
export function withStanding(contact: Contact, crm: Crm, standing: Standing, error: string | null): Contact {
  const [sync, processing] = columnsOf[standing]
  return {
    ...contact,
    [`${crm}_sync_status`]: sync,
    [`${crm}_processing_status`]: processing,
    [`${crm}_changed_since_sync`]: standing === 'changed',
    [`${crm}_processing_error`]: standing === 'failed' || standing === 'retrying' ? error : null,
  }
}
