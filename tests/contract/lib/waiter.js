const SILENCE_MAX_MS = 20_000

/** Waits for what somebody else brings about: no polling, no sleeping. For one who waits at a time. */
export class Waiter {
  #wake = () => {}

  /** To be called whenever the condition may have changed. */
  wake() {
    this.#wake()
  }

  /** The first truthy result of `condition`; throws with what `describe` says when nothing stirs for too long. */
  async until(condition, describe) {
    for (;;) {
      const found = condition()
      if (found) return found
      await new Promise((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error(describe())), SILENCE_MAX_MS)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }
}
