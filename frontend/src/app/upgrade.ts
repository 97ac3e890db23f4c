/**
 * After an upgrade of the server a page that is still open asks for parts that no longer exist.
 * It then loads itself anew, once; a part that is missing for another reason reaches the error page.
 */
export function reloadAfterUpgrade(): void {
  window.addEventListener('vite:preloadError', (event) => {
    try {
      const last = Number(sessionStorage.getItem('pult.reloaded'));
      if (Date.now() - last < 30_000) return;
      sessionStorage.setItem('pult.reloaded', String(Date.now()));
    } catch {
      return;
    }
    event.preventDefault();
    window.location.reload();
  });
}

/** The app runs: public/boot.js counts its tries anew. */
export function forgetTries(): void {
  try {
    sessionStorage.removeItem('pult.tries');
  } catch {
    // Then it has counted none.
  }
}
