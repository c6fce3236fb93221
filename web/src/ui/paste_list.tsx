import { Alert, Button, Group, Modal, Stack, Text, Textarea } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { type ReactNode, useMemo, useState } from 'react'
import { addressesIn, lookUp, type LookedUp } from '../api/lookup'
import { plural } from './numbers'
import classes from './ui.module.css'

interface PasteListProps {
  onClose: () => void
  onSelect: (ids: string[]) => void
}

/** Finds contacts by addresses from elsewhere, to act on them all. */
export function PasteList({ onClose, onSelect }: PasteListProps) {
  const [text, setText] = useState('')
  const [answer, setAnswer] = useState<LookedUp>()
  const [error, setError] = useState<string>()
  const [busy, setBusy] = useState(false)
  // A list of ten thousands is not read anew for every key.
  const [settled] = useDebouncedValue(text, 150)
  const addresses = useMemo(() => addressesIn(settled), [settled])
  const look = async () => {
    const all = settled === text ? addresses : addressesIn(text)
    if (all.length === 0) return
    setBusy(true)
    setError(undefined)
    try {
      setAnswer(await lookUp(all))
    } catch (failure) {
      setError(failure instanceof Error ? failure.message : String(failure))
    }
    setBusy(false)
  }
  return (
    <Modal
      opened
      onClose={onClose}
      title="Find contacts by a list"
      centered
      size="lg"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Stack gap="sm">
        <Textarea
          label="E-mail addresses"
          description="One a line, or with commas between them, as a mail program or a spreadsheet gives them."
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value)
            setAnswer(undefined)
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void look()
          }}
          rows={8}
          data-autofocus
        />
        {error && (
          <Alert color="red" variant="light" role="alert">
            {error}
          </Alert>
        )}
        {answer && <Answer answer={answer} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          {answer && answer.ids.length > 0 ? (
            <Button onClick={() => onSelect(answer.ids)}>Select {plural(answer.ids.length, 'contact')}</Button>
          ) : (
            <Button disabled={addresses.length === 0 || !!answer} loading={busy} onClick={() => void look()}>
              Look up {addresses.length > 0 && plural(addresses.length, 'address', 'addresses')}
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  )
}

function Answer({ answer: { ids, notFound, invalid } }: { answer: LookedUp }) {
  return (
    <Stack gap="sm" role="status">
      <Text size="sm">
        <b>{plural(ids.length, 'contact')}</b> found.
      </Text>
      <Lines title="Not found" lines={notFound} />
      <Lines title="Not an address" lines={invalid.map(({ email, reason }) => `${email}: ${reason}`)} />
    </Stack>
  )
}

function Lines({ title, lines }: { title: string; lines: string[] }): ReactNode {
  if (lines.length === 0) return null
  return (
    <div>
      <Text size="sm" fw={600} mb={4}>
        {title} ({lines.length})
      </Text>
      <pre className={classes.code} style={{ maxHeight: '8rem' }} tabIndex={0} aria-label={title} dir="auto">
        {lines.join('\n')}
      </pre>
    </div>
  )
}
