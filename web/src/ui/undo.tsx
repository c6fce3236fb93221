import { Button, Group, Text } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { act } from '../api/actions'
import type { Crm } from '../api/client'
import { refreshAll } from '../api/live'
import { attempt } from './tell'

/** Takes a selection back. What was sent meanwhile stays at the CRM. */
export function Undo({ message, crms, ids }: { message: string; crms: Crm[]; ids: string[] }) {
  const client = useQueryClient()
  const [done, setDone] = useState(false)
  const undo = async () => {
    setDone(true)
    const signal = new AbortController().signal
    await attempt(
      () => act('unselect', crms, { ids }, () => undefined, signal),
      (text) => text,
    )
    refreshAll(client)
  }
  return (
    <Group justify="space-between" wrap="nowrap">
      <Text size="sm">{message}</Text>
      <Button size="compact-xs" variant="default" disabled={done} onClick={() => void undo()}>
        Undo
      </Button>
    </Group>
  )
}
