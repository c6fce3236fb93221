import { Alert, Button, Checkbox, Group, Modal, Paper, Progress as Bar, Stack, Text } from '@mantine/core'
import { IconDownload, IconPlayerTrackNext, IconRefresh, IconSend, IconX } from '@tabler/icons-react'
import { useQueryClient } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { act, download, exportCsv, type Progress, sizeOf, type Target, type Verb } from '../api/actions'
import { type Contact, type Crm, crmNames, crms } from '../api/client'
import { refreshAll } from '../api/live'
import { countMet, expectOperation } from '../api/operations'
import { useHealth } from '../api/queries'
import { useMayAct } from '../api/session'
import { standingOf } from '../api/status'
import { Undo } from './undo'
import { amount, capital, count, plural } from './numbers'
import { tell, tellFailure } from './tell'
import classes from './contact_table.module.css'

interface ActionBarProps {
  target: Target
  loaded: Contact[]
  total: number
  isEstimate: boolean
  canTakeAll: boolean
  onTakeAll: () => void
  onClear: () => void
}

const questions: Record<Verb, { title: string; confirm: string; about: string }> = {
  select: {
    title: 'Send to',
    confirm: 'Send',
    about: 'They are queued at once and go out as fast as the limits allow.',
  },
  unselect: {
    title: 'Unselect for',
    confirm: 'Unselect',
    about: 'Nothing more is sent. What the CRM already has stays there.',
  },
  skip: { title: 'Skip for', confirm: 'Skip', about: 'They are never sent there, until somebody selects them again.' },
  retry: {
    title: 'Try again at',
    confirm: 'Try again',
    about: 'Those that failed or wait for a retry go out again now.',
  },
}

/** What can be done with the contacts that are picked. */
export function ActionBar({ target, loaded, total, isEstimate, canTakeAll, onTakeAll, onClear }: ActionBarProps) {
  const mayAct = useMayAct()
  const [verb, setVerb] = useState<Verb>()
  const [progress, setProgress] = useState<Progress>()
  const abort = useRef<AbortController>(null)
  const save = async () => {
    abort.current = new AbortController()
    setProgress({ done: 0, of: sizeOf(target) })
    try {
      download(await exportCsv(target, loaded, setProgress, abort.current.signal), 'contacts.csv')
    } catch (error) {
      if (!abort.current.signal.aborted) tellFailure(error, 'The export ended early')
    }
    setProgress(undefined)
  }
  return (
    <>
      <Paper className={classes.bar} role="region" aria-label="Actions" shadow="lg" p="xs" withBorder>
        <Group gap="xs">
          <Text size="sm" fw={600} px="xs" role="status">
            {'ids' in target
              ? plural(target.ids.length, 'contact')
              : isEstimate
                ? `All contacts that match (${amount(total, true)})`
                : `All ${plural(total, 'contact')} that match`}
          </Text>
          {canTakeAll && (
            <Button size="compact-sm" variant="subtle" onClick={onTakeAll}>
              {isEstimate ? `Take all that match (${amount(total, true)})` : `Take all ${count(total)} that match`}
            </Button>
          )}
          {mayAct && (
            <>
              <Button size="compact-sm" leftSection={<IconSend size={14} />} onClick={() => setVerb('select')}>
                Send to…
              </Button>
              <Button
                size="compact-sm"
                variant="default"
                leftSection={<IconRefresh size={14} />}
                onClick={() => setVerb('retry')}
              >
                Retry…
              </Button>
              <Button size="compact-sm" variant="default" onClick={() => setVerb('unselect')}>
                Unselect…
              </Button>
              <Button
                size="compact-sm"
                variant="default"
                leftSection={<IconPlayerTrackNext size={14} />}
                onClick={() => setVerb('skip')}
              >
                Skip…
              </Button>
            </>
          )}
          {progress ? (
            <Group gap="xs">
              <Bar value={(100 * progress.done) / Math.max(1, progress.of)} w={100} aria-label="Export" />
              <Button size="compact-sm" variant="subtle" onClick={() => abort.current?.abort()}>
                Stop
              </Button>
            </Group>
          ) : (
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<IconDownload size={14} />}
              onClick={() => void save()}
            >
              Export
            </Button>
          )}
          <Button size="compact-sm" variant="subtle" color="gray" onClick={onClear} leftSection={<IconX size={14} />}>
            Clear
          </Button>
        </Group>
      </Paper>
      {verb && (
        <Act
          key={verb}
          verb={verb}
          target={target}
          loaded={loaded}
          onClose={() => setVerb(undefined)}
          onDone={onClear}
        />
      )}
    </>
  )
}

interface ActProps {
  verb: Verb
  target: Target
  loaded: Contact[]
  onClose: () => void
  onDone: () => void
}

/** Which contacts were not selected for any of those CRMs before: taking a selection back leaves them as they were. */
function canBeUndone(verb: Verb, chosen: Crm[], target: Target, loaded: Contact[]): target is { ids: string[] } {
  if (verb !== 'select' || !('ids' in target)) return false
  const picked = new Set(target.ids)
  const rows = loaded.filter((row) => picked.has(row.id))
  return rows.length === picked.size && rows.every((row) => chosen.every((crm) => standingOf(row, crm) === 'none'))
}

/** That an action would meet more contacts than were shown, or than were estimated. */
interface Met {
  now: number
  before: number
  isFirstCount: boolean
}

function meets(verb: Verb, contacts: number): string {
  const them = plural(contacts, 'contact')
  if (verb === 'retry') return `${them} would be tried again`
  return `${them} ${contacts === 1 ? 'matches' : 'match'}`
}

function Act({ verb, target, loaded, onClose, onDone }: ActProps) {
  const client = useQueryClient()
  const { data: health } = useHealth()
  const [chosen, setChosen] = useState<Crm[]>([])
  const [progress, setProgress] = useState<Progress>()
  const abort = useRef(new AbortController())
  const { title, confirm, about } = questions[verb]
  const [met, setMet] = useState<Met>()
  const size = met?.now ?? sizeOf(target)
  const isEstimate = met === undefined && 'filter' in target && target.isEstimate
  const sized = isEstimate ? `${amount(size, true)} contacts` : plural(size, 'contact')
  const run = async () => {
    const signal = abort.current.signal
    setProgress({ done: 0, of: size })
    try {
      const confirmed = 'filter' in target ? { ...target, total: size } : target
      const message = await act(verb, chosen, confirmed, setProgress, signal)
      if (canBeUndone(verb, chosen, target, loaded)) tell(<Undo message={message} crms={chosen} ids={target.ids} />)
      else tell(message)
      onDone()
    } catch (error) {
      const more = countMet(error)
      if (more !== undefined) {
        setMet({ now: more, before: size, isFirstCount: isEstimate })
        setProgress(undefined)
        return
      }
      if (!signal.aborted) tellFailure(error)
    }
    expectOperation(client)
    refreshAll(client)
    onClose()
  }
  const close = () => {
    abort.current.abort()
    onClose()
  }
  return (
    <Modal opened onClose={close} title={`${title}…`} centered closeButtonProps={{ 'aria-label': 'Close' }}>
      <Stack gap="sm">
        <Text size="sm">
          <b>{capital(sized)}</b>. {about}
        </Text>
        <Checkbox.Group label="CRMs" value={chosen} onChange={(values) => setChosen(values as Crm[])}>
          <Stack gap="xs" mt="xs">
            {crms.map((crm) => {
              const state = health?.crms[crm]
              const off = state && !state.configured
              return (
                <Checkbox
                  key={crm}
                  value={crm}
                  label={crmNames[crm]}
                  description={
                    off ? 'Not set up: they wait in the queue' : state?.paused ? 'Paused: they wait' : undefined
                  }
                />
              )
            })}
          </Stack>
        </Checkbox.Group>
        {met?.isFirstCount && (
          <Alert color="orange" variant="light" role="alert" title={meets(verb, met.now)}>
            Go on with all of them? The number you were shown was an estimate. Nothing was changed by this step yet.
          </Alert>
        )}
        {met && !met.isFirstCount && (
          <Alert color="orange" variant="light" role="alert" title={`The number changed: now ${count(met.now)}`}>
            More contacts match than you were shown ({count(met.before)}). Nothing was changed by this step yet.
          </Alert>
        )}
        {progress && <Bar value={(100 * progress.done) / Math.max(1, progress.of)} animated aria-label="Progress" />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={close}>
            {progress ? 'Stop' : 'Cancel'}
          </Button>
          <Button disabled={chosen.length === 0} loading={!!progress} onClick={() => void run()}>
            {confirm} {sized}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
