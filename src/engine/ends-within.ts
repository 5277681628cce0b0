/** Waiting with an end. */

/** Whether `work` ends within `ms`. It goes on if it does not. @throws what `work` throws in time */
export async function endsWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.min(ms, 2_147_483_647));
  });
  const ended = work.then(() => true);
  // If it fails later, nobody waits for it any more.
  ended.catch(() => undefined);
  try {
    return await Promise.race([ended, late]);
  } finally {
    clearTimeout(timer);
  }
}
