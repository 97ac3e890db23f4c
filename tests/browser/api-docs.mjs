// Somebody who is not signed in reads the API's pages; nothing comes from elsewhere, and the page's policy holds.
import { PULT_URL, keep, travel, visit } from './browser.mjs';

await travel('api-docs', async (page) => {
  const wrong = [];
  page.on('console', (message) => { if (message.type() === 'error') wrong.push(message.text()); });
  page.on('pageerror', (error) => wrong.push(String(error)));
  page.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'data:' && protocol !== 'blob:' && origin !== PULT_URL) wrong.push(`asks ${request.url()}`);
  });
  await visit(page, `${PULT_URL}/api/docs`);
  await page.getByRole('heading', { name: /^Pult/ }).waitFor();
  await page.getByText('Wants a desktop of a template').click();
  await page.getByText('Idempotency-Key').first().waitFor();
  await keep(page, 'api-docs');
  if (wrong.length > 0) throw new Error(wrong.join('\n'));
});
