import { Button, Group, Modal, Text } from '@mantine/core'
import { type ReactNode, useState } from 'react'

interface AskProps {
  opened: boolean
  title: string
  children: ReactNode
  confirm: string
  danger?: boolean
  disabled?: boolean
  onClose: () => void
  onConfirm: () => Promise<unknown>
}

/** A question before something that cannot be taken back, or that concerns many. */
export function Ask({ opened, title, children, confirm, danger, disabled, onClose, onConfirm }: AskProps) {
  const [busy, setBusy] = useState(false)
  const act = async () => {
    setBusy(true)
    try {
      await onConfirm()
    } finally {
      setBusy(false)
      onClose()
    }
  }
  return (
    <Modal opened={opened} onClose={onClose} title={title} centered closeButtonProps={{ 'aria-label': 'Close' }}>
      <Text size="sm" component="div">
        {children}
      </Text>
      <Group justify="flex-end" mt="lg" gap="xs">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button
          color={danger ? 'red.8' : undefined}
          loading={busy}
          disabled={disabled}
          onClick={() => void act()}
          data-autofocus
        >
          {confirm}
        </Button>
      </Group>
    </Modal>
  )
}
