import { Anchor, Button, Checkbox, Drawer, Group, Select, Stack, Text } from '@mantine/core'
import { IconCircleCheck, IconDownload, IconEyeOff, IconList, IconRefresh } from '@tabler/icons-react'
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { Link, useSearchParams } from 'react-router'
import { api, ask, type Crm, crmNames, crms, type Schemas } from '../api/client'
import { changed } from '../api/filter'
import { refreshAll } from '../api/live'
import { answering, expectOperation } from '../api/operations'
import { useFailures } from '../api/queries'
import { useMayAct } from '../api/session'
import { Ask } from '../ui/ask'
import { causeTitle, kinds } from '../ui/cause'
import { count, plural } from '../ui/numbers'
import { Card, Page } from '../ui/page'
import { Empty, Shown } from '../ui/states'
import { attempt } from '../ui/tell'
import { Ago } from '../ui/time'

type Cause = Schemas['FailureCause']

export default function Failures() {
  const [parameters, setParameters] = useSearchParams()
  const withDismissed = parameters.has('with_dismissed')
  const only = parameters.get('crm')
  const failures = useFailures(withDismissed)
  const [open, setOpen] = useState<Cause>()
  return (
    <Page
      title="Failures"
      about="What failed for good, by cause. What is retried by itself is not here."
      actions={
        <>
          <Select
            aria-label="CRM"
            placeholder="All CRMs"
            data={crms.map((crm) => ({ value: crm, label: crmNames[crm] }))}
            value={only}
            onChange={(crm) => setParameters(changed(parameters, { crm: crm ?? '' }), { replace: true })}
            clearable
            w={150}
          />
          <Button
            component="a"
            href={`/api/v3/crm/status/failed?format=csv${only ? `&crm=${only}` : ''}${withDismissed ? '&with_dismissed=true' : ''}`}
            download="failed.csv"
            variant="default"
            leftSection={<IconDownload size={16} />}
          >
            Download
          </Button>
        </>
      }
    >
      <Stack>
        <Checkbox
          size="sm"
          label="Show dismissed ones too"
          checked={withDismissed}
          onChange={(event) =>
            setParameters(changed(parameters, { with_dismissed: event.currentTarget.checked ? 'true' : '' }), {
              replace: true,
            })
          }
        />
        <Shown query={failures}>
          {(causes) => {
            const shown = causes.filter((cause) => !only || cause.crm === only)
            return shown.length === 0 ? (
              <Empty icon={<IconCircleCheck size={28} aria-hidden />} title="Nothing has failed">
                When a CRM refuses a contact, or retries are used up, the cause appears here with what to do.
              </Empty>
            ) : (
              shown.map((cause) => (
                <Group key={`${cause.crm} ${cause.cause}`} display="block">
                  <CauseCard cause={cause} onOpen={() => setOpen(cause)} />
                </Group>
              ))
            )
          }}
        </Shown>
      </Stack>
      <Drawer
        opened={!!open}
        onClose={() => setOpen(undefined)}
        position="right"
        size="lg"
        title={open && `${crmNames[open.crm]}: ${causeTitle(open)}`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {open && <Affected cause={open} withDismissed={withDismissed} />}
      </Drawer>
    </Page>
  )
}

function CauseCard({ cause, onOpen }: { cause: Cause; onOpen: () => void }) {
  const mayAct = useMayAct()
  const [asked, setAsked] = useState<'retry' | 'without' | 'dismiss'>()
  const field = cause.without_field ?? undefined
  return (
    <Card
      title={
        <>
          {crmNames[cause.crm]}: {causeTitle(cause)}
        </>
      }
      aside={
        <Text fw={650} c="var(--app-bad)" style={{ whiteSpace: 'nowrap' }}>
          {plural(cause.count, 'contact')}
        </Text>
      }
    >
      <Stack gap="xs">
        <Text size="sm" c="dimmed">
          {kinds[cause.kind]}
        </Text>
        <Text size="sm">
          <b>What to do: </b>
          {cause.suggestion}
        </Text>
        <Text size="sm" c="dimmed" lineClamp={2} dir="auto" title={cause.example}>
          For example: {cause.example}
        </Text>
        <Group gap="xs">
          {mayAct && (
            <>
              <Button size="xs" leftSection={<IconRefresh size={14} />} onClick={() => setAsked('retry')}>
                Retry…
              </Button>
              {field && (
                <Button size="xs" variant="default" onClick={() => setAsked('without')}>
                  Retry without {field}…
                </Button>
              )}
            </>
          )}
          <Button size="xs" variant="default" leftSection={<IconList size={14} />} onClick={onOpen}>
            Contacts
          </Button>
          {mayAct && (
            <Button
              size="xs"
              variant="default"
              leftSection={<IconEyeOff size={14} />}
              onClick={() => setAsked('dismiss')}
            >
              Dismiss…
            </Button>
          )}
        </Group>
      </Stack>
      {(asked === 'retry' || asked === 'without') && (
        <Retry cause={cause} without={asked === 'without' ? field : undefined} onClose={() => setAsked(undefined)} />
      )}
      {asked === 'dismiss' && <Dismiss cause={cause} onClose={() => setAsked(undefined)} />}
    </Card>
  )
}

interface RetryProps {
  cause: Cause
  without?: string
  onClose: () => void
}

function Retry({ cause, without, onClose }: RetryProps) {
  const client = useQueryClient()
  const params = { path: { crm: cause.crm } }
  const body = { cause: cause.cause, ...(without ? { without_fields: [without] } : {}) }
  const preview = useQuery({
    queryKey: ['failures', 'retry', cause.crm, cause.cause, without],
    queryFn: () => ask(api.POST('/api/v3/contacts/{crm}/retry', { params, body: { ...body, preview: true } })),
  })
  const known = preview.data && 'queued_count' in preview.data ? preview.data.queued_count : undefined
  const retry = async () => {
    await attempt(
      () =>
        answering(
          'retry',
          [cause.crm],
          ask(api.POST('/api/v3/contacts/{crm}/retry', { params, body: { ...body, expected_count: known } })),
        ),
      ({ message }) => message,
    )
    expectOperation(client)
    refreshAll(client)
  }
  return (
    <Ask
      opened
      title={`Try again at ${crmNames[cause.crm]}?`}
      confirm={known === undefined ? 'Try again' : `Try ${plural(known, 'contact')} again`}
      disabled={!known}
      onClose={onClose}
      onConfirm={retry}
    >
      {preview.error
        ? preview.error.message
        : known === undefined
          ? 'Counting…'
          : `${plural(known, 'contact')} would go out again${without ? ` without ${without}` : ''}, from the first attempt on.`}
    </Ask>
  )
}

function Dismiss({ cause, onClose }: { cause: Cause; onClose: () => void }) {
  const client = useQueryClient()
  const dismiss = (dismissed: boolean) =>
    ask(api.POST('/api/v3/crm/status/failed/dismiss', { body: { crm: cause.crm, cause: cause.cause, dismissed } }))
  const run = async () => {
    await attempt(
      () => dismiss(true),
      ({ updated_count }) => `${plural(updated_count, 'failure')} dismissed`,
    )
    refreshAll(client)
  }
  return (
    <Ask
      opened
      title="Dismiss these failures?"
      confirm={`Dismiss ${count(cause.count)}`}
      onClose={onClose}
      onConfirm={run}
    >
      {plural(cause.count, 'failure')} will be hidden until they fail again. The contacts stay failed.
    </Ask>
  )
}

const page_size = 100

function Affected({ cause, withDismissed }: { cause: Cause; withDismissed: boolean }) {
  const list = useInfiniteQuery({
    queryKey: ['failures', 'contacts', cause.crm, cause.cause, withDismissed],
    queryFn: async ({ pageParam, signal }) =>
      (await ask(
        api.GET('/api/v3/crm/status/failed', {
          params: {
            query: {
              crm: cause.crm as Crm,
              cause: cause.cause,
              with_dismissed: withDismissed,
              limit: page_size,
              offset: pageParam,
            },
          },
          signal,
        }),
      )) as Schemas['Failure'][],
    initialPageParam: 0,
    getNextPageParam: (page, pages) => (page.length < page_size ? null : pages.length * page_size),
  })
  return (
    <Shown query={list}>
      {({ pages }) => (
        <Stack gap="sm">
          {pages.flat().map((failure) => (
            <div key={failure.contact_id}>
              <Group justify="space-between" wrap="nowrap">
                <Anchor
                  component={Link}
                  to={`/contacts/${failure.contact_id}`}
                  size="sm"
                  fw={550}
                  truncate
                  underline="always"
                >
                  {failure.name || failure.email}
                </Anchor>
                {failure.last_attempt_at && (
                  <Text size="xs" c="dimmed" style={{ flexShrink: 0 }}>
                    <Ago at={failure.last_attempt_at} />
                  </Text>
                )}
              </Group>
              <Text size="xs" c="dimmed" dir="auto">
                {failure.error}
              </Text>
            </div>
          ))}
          {list.hasNextPage && (
            <Button
              variant="default"
              size="xs"
              loading={list.isFetchingNextPage}
              onClick={() => void list.fetchNextPage()}
            >
              More
            </Button>
          )}
        </Stack>
      )}
    </Shown>
  )
}
