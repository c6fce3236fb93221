import { Accordion, Anchor, Button, Drawer, Group, Stack, Tabs, Text, Timeline } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { IconEdit, IconRefresh, IconSend, IconTrash } from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useLocation, useNavigate, useParams } from 'react-router'
import { act, type Verb } from '../api/actions'
import { api, ask, type Contact, type Crm, crmNames, crms, type Schemas } from '../api/client'
import { useContact, useContactJobs } from '../api/contacts'
import { refreshAll } from '../api/live'
import { useMayAct } from '../api/session'
import { standingOf, standingOfState } from '../api/status'
import { Ask } from '../ui/ask'
import { ContactForm } from '../ui/contact_form'
import { useNow } from '../ui/now'
import { milliseconds } from '../ui/numbers'
import { Facts } from '../ui/page'
import { Preview } from '../ui/preview'
import { StandingChip } from '../ui/standing'
import { Shown } from '../ui/states'
import { attempt } from '../ui/tell'
import { Ago, When } from '../ui/time'
import classes from '../ui/ui.module.css'

export default function ContactDrawer() {
  const { id = '' } = useParams()
  const navigate = useNavigate()
  const { search } = useLocation()
  const contact = useContact(id)
  const close = () => navigate(`/contacts${search}`)
  const title = contact.data?.name || contact.data?.email || 'Contact'
  return (
    <Drawer
      opened
      onClose={close}
      position="right"
      size="lg"
      title={
        <Text fw={650} truncate dir="auto">
          {title}
        </Text>
      }
      closeButtonProps={{ 'aria-label': 'Close' }}
      styles={{ title: { minWidth: 0 } }}
    >
      <Shown query={contact}>{(data) => <Details contact={data} onGone={close} />}</Shown>
    </Drawer>
  )
}

function Details({ contact, onGone }: { contact: Contact; onGone: () => void }) {
  const jobs = useContactJobs(contact.id)
  const mayAct = useMayAct()
  return (
    <Stack>
      <Facts
        facts={[
          ['E-mail', contact.email],
          ['Name', contact.name],
          ['Phone', contact.phone_number],
          ['Kind of address', contact.email_type],
          ['Found at', contact.source_url],
          ['Context', contact.context],
          ['Added', <When key="added" at={contact.created_at} />],
          ['Changed', <When key="changed" at={contact.updated_at} />],
        ]}
      />
      {mayAct && <Change contact={contact} onGone={onGone} />}
      <Tabs defaultValue={contact.last_failed_crm ?? 'brevo'} keepMounted={false}>
        <Tabs.List>
          {crms.map((crm) => (
            <Tabs.Tab key={crm} value={crm}>
              <Stack gap={2} align="flex-start">
                {crmNames[crm]}
                <StandingChip standing={standingOf(contact, crm)} />
              </Stack>
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {crms.map((crm) => (
          <Tabs.Panel key={crm} value={crm} pt="md">
            <Shown query={jobs}>{(all) => <AtCrm contact={contact} crm={crm} job={all[crm]} />}</Shown>
          </Tabs.Panel>
        ))}
      </Tabs>
    </Stack>
  )
}

function Change({ contact, onGone }: { contact: Contact; onGone: () => void }) {
  const client = useQueryClient()
  const [edited, edit] = useDisclosure()
  const [doubted, doubt] = useDisclosure()
  const remove = async () => {
    await attempt(
      () => ask(api.DELETE('/api/v3/contacts/{id}', { params: { path: { id: contact.id } } })),
      () => `${contact.email} is deleted`,
    )
    onGone()
    refreshAll(client)
  }
  return (
    <Group gap="xs">
      <Button size="xs" variant="default" leftSection={<IconEdit size={14} />} onClick={edit.open}>
        Edit
      </Button>
      <Button size="xs" variant="default" leftSection={<IconTrash size={14} />} onClick={doubt.open}>
        Delete…
      </Button>
      <ContactForm opened={edited} contact={contact} onClose={edit.close} />
      <Ask
        opened={doubted}
        title="Delete this contact?"
        confirm="Delete"
        danger
        onClose={doubt.close}
        onConfirm={remove}
      >
        {contact.email} and its history here are deleted. What the CRMs hold stays there. This cannot be undone.
      </Ask>
    </Group>
  )
}

interface AtCrmProps {
  contact: Contact
  crm: Crm
  job: Schemas['Job']
}

function AtCrm({ contact, crm, job }: AtCrmProps) {
  const standing = job.changed_since_sync ? 'changed' : standingOfState(job.state)
  const facts: [string, ReactNode][] = [
    ['Status', <StandingChip key="status" standing={standing} />],
    [
      'Id there',
      job.remote_url ? (
        <Anchor key="id" href={job.remote_url} target="_blank" rel="noreferrer" size="sm" underline="always">
          {job.remote_id ?? `See it at ${crmNames[crm]}`}
        </Anchor>
      ) : (
        job.remote_id
      ),
    ],
  ]
  if (job.error) facts.push(['Error', <span key="error">{job.error}</span>])
  if (job.next_attempt_at) facts.push(['Next attempt', <Due key="next" at={job.next_attempt_at} />])
  if (job.retry_count) facts.push(['Retries', job.retry_count])
  if (job.acknowledged_at) facts.push(['Acknowledged', <Ago key="acknowledged" at={job.acknowledged_at} />])
  if (job.changed_since_sync) facts.push(['Since then', 'changed here; the CRM has it as it was'])
  if (job.queued_by_change) facts.push(['Queued', 'because the contact changed'])
  if (job.warnings.length) facts.push(['Warnings', job.warnings.join('; ')])
  if (job.without_fields.length) facts.push(['Left out', job.without_fields.join(', ')])
  if (job.verification) {
    const { result, fields, opted_out } = job.verification
    const words = [result, fields.length && `differs in ${fields.join(', ')}`, opted_out && 'opted out there']
    facts.push(['Read back', words.filter(Boolean).join('; ')])
  }
  return (
    <Stack>
      <Facts facts={facts} />
      <Steer contact={contact} crm={crm} state={job.state} />
      <Payload contact={contact} crm={crm} />
      <History attempts={job.history} />
    </Stack>
  )
}

/** What is due goes as soon as the limits let it; when it became due says nothing about when. */
function Due({ at }: { at: string }) {
  return Date.parse(at) > useNow() ? <Ago at={at} /> : 'as soon as the limits allow'
}

function Steer({ contact, crm, state }: { contact: Contact; crm: Crm; state: Schemas['JobState'] }) {
  const client = useQueryClient()
  const mayAct = useMayAct()
  const [busy, setBusy] = useState<Verb>()
  if (!mayAct) return null
  const run = async (verb: Verb) => {
    setBusy(verb)
    const signal = new AbortController().signal
    await attempt(
      () => act(verb, [crm], { ids: [contact.id] }, () => undefined, signal),
      (message) => message,
    )
    refreshAll(client)
    setBusy(undefined)
  }
  const button = (verb: Verb, text: string, icon?: ReactNode) => (
    <Button
      size="xs"
      variant={verb === 'unselect' || verb === 'skip' ? 'default' : 'filled'}
      leftSection={icon}
      loading={busy === verb}
      onClick={() => void run(verb)}
    >
      {text}
    </Button>
  )
  return (
    <Group gap="xs">
      {state === 'failed' || state === 'retrying'
        ? button('retry', 'Try again now', <IconRefresh size={14} />)
        : button('select', state === 'completed' ? 'Send again' : `Send to ${crmNames[crm]}`, <IconSend size={14} />)}
      {state !== 'idle' && button('unselect', 'Unselect')}
      {state !== 'skipped' && button('skip', 'Skip')}
    </Group>
  )
}

function Payload({ contact, crm }: { contact: Contact; crm: Crm }) {
  const [open, setOpen] = useState<string | null>(null)
  const preview = useQuery({
    queryKey: ['contact', contact.id, 'preview', crm, contact.updated_at],
    enabled: open !== null,
    queryFn: () =>
      ask(
        api.POST('/api/v3/contacts/{crm}/preview', {
          params: { path: { crm } },
          body: { contact_ids: [contact.id], explain: true },
        }),
      ),
  })
  return (
    <Accordion variant="contained" value={open} onChange={setOpen}>
      <Accordion.Item value="payload">
        <Accordion.Control>What would be sent now</Accordion.Control>
        <Accordion.Panel>
          <Shown query={preview} rows={1}>
            {(answer) => {
              const one = 'previews' in answer ? answer.previews[0] : undefined
              return one ? <Preview preview={one} /> : 'Nothing'
            }}
          </Shown>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  )
}

const outcomes: Record<Schemas['Attempt']['outcome'], [string, string]> = {
  upserted: ['Accepted', 'ok'],
  unchanged: ['Unchanged, not sent', 'ok'],
  superseded: ['A newer contact of this address went', 'ok'],
  suppressed: ['Not sent: the address is on the suppression list', 'bad'],
  verified: ['Read back: as sent', 'ok'],
  throttled: ['Asked to wait', 'wait'],
  handed_back: ['Handed back', 'wait'],
  transient: ['Did not work, again later', 'warn'],
  drifted: ['Read back: differs', 'warn'],
  changed: ['Edited here since', 'warn'],
  rejected: ['Refused', 'bad'],
  unauthorized: ['Key refused', 'bad'],
  missing: ['Read back: not there', 'bad'],
}

function History({ attempts }: { attempts: Schemas['Attempt'][] }) {
  if (attempts.length === 0)
    return (
      <Text size="sm" c="dimmed">
        Nothing was tried yet.
      </Text>
    )
  return (
    <Timeline bulletSize={12} lineWidth={2} active={attempts.length}>
      {attempts.map((attempt) => {
        const [word, tone] = outcomes[attempt.outcome]
        return (
          <Timeline.Item
            key={`${attempt.at} ${attempt.request_id}`}
            title={
              <span className={classes.chip} data-tone={tone}>
                {word}
                {attempt.stale && ' (decided otherwise meanwhile)'}
              </span>
            }
          >
            {attempt.message && (
              <Text size="sm" dir="auto">
                {attempt.message}
              </Text>
            )}
            <Text size="xs" c="dimmed">
              <When at={attempt.at} />
              {[
                attempt.http_status && `HTTP ${attempt.http_status}`,
                attempt.code,
                attempt.duration_ms > 0 && milliseconds(attempt.duration_ms),
              ]
                .filter(Boolean)
                .map((part) => ` · ${part}`)}
            </Text>
          </Timeline.Item>
        )
      })}
    </Timeline>
  )
}
