// Runs before the first paint, so that a chosen theme does not flash. (The CSP allows no inline script.)
try {
  var theme = localStorage.getItem('pult.theme');
  var locale = localStorage.getItem('pult.locale');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
  document.documentElement.lang = locale || (navigator.language.toLowerCase().startsWith('de') ? 'de' : 'en');
} catch {
  // Storage is denied: the system's theme it is.
}

// A part of the app that did not arrive (the network changed, the server was upgraded meanwhile) must not
// leave a white page: load anew, a little later each time, and after three times say so.
// src/app/upgrade.ts forgets the count once the app runs.
addEventListener(
  'error',
  function missing(event) {
    if (!(event.target instanceof HTMLScriptElement || event.target instanceof HTMLLinkElement)) return;
    removeEventListener('error', missing, true);
    var tries = 3;
    try {
      tries = Number(sessionStorage.getItem('pult.tries'));
      sessionStorage.setItem('pult.tries', String(tries + 1));
    } catch {
      // Nothing can be counted, so nothing is tried.
    }
    if (tries < 3) {
      setTimeout(function () {
        location.reload();
      }, 500 * Math.pow(3, tries));
    } else {
      document.body.textContent =
        'Pult lässt sich gerade nicht laden. Bitte die Seite gleich neu laden. – Pult cannot be loaded right now. Please reload the page in a moment.';
    }
  },
  true,
);
