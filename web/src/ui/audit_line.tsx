import { Group, Text } from '@mantine/core'
import { crmNames, type Crm, type Schemas } from '../api/client'
import { plural } from './numbers'
import { Ago } from './time'

/** The verbs of the audit in the past tense; what is not known here is shown as it is. */
const verbs: Record<string, string> = {
  select: 'selected',
  unselect: 'unselected',
  skip: 'skipped',
  sync: 'sent',
  retry: 'retried',
  import: 'imported',
  create: 'added',
  update: 'edited',
  delete: 'deleted',
  dismiss: 'dismissed',
  pause: 'paused',
  resume: 'resumed',
  setup: 'set up',
  verify: 'verified',
  curation: 'changed the status of',
  forget: 'erased',
}

export function whereOf(entry: Schemas['AuditEntry']): string {
  const { crm, crms } = entry.detail as { crm?: string; crms?: string[] }
  return [...(crms ?? []), ...(crm ? [crm] : [])].map((name) => crmNames[name as Crm] ?? name).join(', ')
}

/** "select" of 12 at Brevo: "selected 12 contacts for Brevo"; a pause is of the CRM itself. */
export function sentenceOf(entry: Schemas['AuditEntry']): string {
  if (entry.action === 'cancel') return `stopped an operation after ${plural(entry.count, 'contact')}`
  const addresses = plural(entry.count, 'address', 'addresses')
  if (entry.action === 'suppress') return `put ${addresses} on the suppression list`
  if (entry.action === 'unsuppress') return `took ${addresses} off the suppression list`
  const verb = verbs[entry.action] ?? entry.action.replaceAll('_', ' ')
  const where = whereOf(entry)
  if (['pause', 'resume', 'setup', 'verify'].includes(entry.action)) return `${verb} ${where}`
  return `${verb} ${plural(entry.count, 'contact')}${where && ` ${entry.action === 'sync' ? 'to' : 'for'} ${where}`}`
}

export function AuditLine({ entry }: { entry: Schemas['AuditEntry'] }) {
  return (
    <Group gap="xs" justify="space-between" wrap="nowrap">
      <Text size="sm" truncate dir="auto">
        <Text span fw={600} size="sm">
          {entry.actor.replace(/^(api|cli):/, '')}
        </Text>{' '}
        {sentenceOf(entry)}
      </Text>
      <Text size="xs" c="dimmed" style={{ flexShrink: 0 }}>
        <Ago at={entry.at} />
      </Text>
    </Group>
  )
}
