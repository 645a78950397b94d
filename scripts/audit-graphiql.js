// Run by scripts/audit-graphiql. Every check is a sentence; the first that does not hold ends the run.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import {
  asked, broken, browser, contrast, counted, editor, fault, faultsOff, foreign, forgetCalls, kept, line, open, page, panel, plugin,
  recipe, run, simulators, sockets, table, textOf, until, write,
} from './audit-graphiql-page.js';

const { COOKBOOK, PICTURES, KEY, LOG, ADDRESS } = process.env;
const TOPICS = readdirSync(COOKBOOK, { withFileTypes: true }).filter((each) => each.isDirectory()).map((each) => each.name);
const files = TOPICS.flatMap((topic) => readdirSync(`${COOKBOOK}/${topic}`).filter((name) => name.endsWith('.graphql')).map((name) => [topic, name]));

const sum = (answer) => answer.extensions.sources.calls.reduce((all, each) => all + each.calls, 0);

const check = async (sentence, prove) => {
  try {
    await prove();
  } catch (error) {
    console.error(`GraphiQL: NOT ${sentence}\n${error.stack}\nerrors in the page: ${broken.join('; ')}`);
    await page.screenshot({ path: `${PICTURES}/../audit-failure.png` }).catch(() => {});
    process.exit(1);
  }
  console.log(`GraphiQL: ${sentence}`);
};

await check('a newcomer finds three questions in tabs and the cookbook with every topic and question', async () => {
  await open();
  assert.equal(await page.locator('.graphiql-tab').count(), 3);
  await plugin('Cookbook');
  const topics = await page.locator('.gw-panel section').evaluateAll((all) => all.map((each) => each.getAttribute('aria-label')));
  assert.deepEqual([...topics].sort(), [...TOPICS].sort());
  assert.equal(await page.locator('.gw-recipe').count(), files.length);
  await page.fill('.gw-search', 'totalCount paging');
  assert.ok((await page.locator('.gw-recipe').count()) < files.length);
  await page.fill('.gw-search', '');
});

await check('the panel shows the calls the answer tells and the simulators counted', async () => {
  await plugin('Sources');
  assert.match(await panel(), /Nothing has been asked/);
  await forgetCalls();
  const answer = await run();
  assert.ok(answer.data && !answer.errors, JSON.stringify(answer).slice(0, 400));
  await until('the calls', async () => (await line()).includes('upstream'));
  const rows = await table('Asked upstream');
  assert.ok(sum(answer) > 0);
  assert.equal(rows.reduce((all, row) => all + Number(row[2]), 0), sum(answer));
  assert.equal(await counted(), sum(answer));
  assert.deepEqual([...new Set(rows.map((row) => row[0]))].sort(), [...new Set(answer.extensions.sources.calls.map((each) => each.vendor))].sort());
  assert.ok((await table('Coverage')).some((row) => row[0] === 'sites.nodes[].visits' && row[2] === 'COMPLETE'));
  assert.match(await panel(), /Rows, priced/);
  await page.waitForTimeout(500);
  assert.ok((await contrast()) >= 4.5, `contrast ${await contrast()}`);
  await page.screenshot({ path: `${PICTURES}/graphiql.png` });
});

await check('a second run says it was kept, and asks nobody', async () => {
  await forgetCalls();
  const answer = await run();
  assert.equal(answer.extensions.sources.answer, 'KEPT');
  await until('the kept answer', async () => (await line()).startsWith('A kept answer'));
  assert.match(await panel(), /Nothing: this is a finished answer/);
  assert.equal(await counted(), 0);
});

await check('another question of the same parts says they came from the cache', async () => {
  await write('Query Editor', (await textOf('Query Editor')).replace('first: 3', 'first: 2'));
  const answer = await run();
  assert.equal(answer.extensions.sources.answer, 'MADE');
  await until('parts from the cache', async () => /from the cache/.test(await line()));
  assert.ok((await table('Where it came from')).some((row) => Number(row[1]) > 0));
});

await check('a vendor that fails is shown with its code, its tries and the place it is missing from', async () => {
  await fault(simulators[0], { kind: 'status', status: 503 });
  await recipe('sessions', 'Stays of every vendor');
  const answer = await run();
  await plugin('Sources');
  await until('the failure', async () => /problem/.test(await line()));
  const rows = await table('Asked upstream');
  assert.ok(rows.some((row) => row[0] === 'BESPOT' && /3 × UPSTREAM_UNAVAILABLE, 2 retries/.test(row[3])), JSON.stringify(rows));
  assert.ok((await table('Failures')).some((row) => row[1] === 'BESPOT' && row[2] === 'UPSTREAM_UNAVAILABLE'));
  assert.ok(answer.errors || answer.extensions.failures);
  await page.waitForTimeout(300);
  await page.locator('.graphiql-plugin').screenshot({ path: `${PICTURES}/sources.png` });
  await faultsOff();
});

await check('answers of odd shapes break nothing', async () => {
  const odd = ['{"data":null,"extensions":null}', '{"errors":[{"message":"no"}]}', '{"data":{"a":null,"coverage":[null]},"extensions":{"sources":null,"freshness":7,"failures":[null]}}', '[]', 'null', '{"data":{"a":[[{"coverage":[{"vendor":"V","state":"FAILED"}]}]]},"extensions":{"sources":{"calls":{},"parts":[{}]},"cost":[]}}'];
  for (const body of odd) {
    await page.route('**/graphql', (route) => route.fulfill({ contentType: 'application/json', body }), { times: 1 });
    await run();
    await page.waitForTimeout(150);
    assert.ok((await panel()).startsWith('Sources'));
  }
  await page.route('**/graphql', (route) => route.fulfill({ status: 502, contentType: 'text/html', body: '<h1>no</h1>' }), { times: 1 });
  await run();
  await until('no answer', async () => (await line()).startsWith('No answer'));
  broken.splice(0, broken.length, ...broken.filter((text) => !/502/.test(text)));
});

await check('each tab shows its own answer', async () => {
  await page.locator('.graphiql-tab').first().locator('.graphiql-tab-button').click();
  await until('the first tab', async () => (await panel()).includes('WhoCameAndWhoLoggedIn'));
  await page.locator('.graphiql-tab').nth(1).locator('.graphiql-tab-button').click();
  await until('the second tab', async () => (await panel()).includes('Nothing has been asked'));
});

await check('a key given for the page is sent, tells who it is, and is kept nowhere', async () => {
  await plugin('Keys');
  await page.fill('.gw-form input', KEY);
  await page.keyboard.press('Enter');
  await until('the name of the key', async () => /audit/.test(await panel()));
  await run();
  assert.equal((await asked.at(-1).allHeaders())['x-api-key'], KEY);
  await page.waitForTimeout(1200);
  assert.ok(!(await kept()).includes(KEY));
  await page.fill('.gw-form input', 'not a key');
  await page.keyboard.press('Enter');
  await until('the refusal', async () => /Refused/.test(await panel()) && /No key is set/.test(await panel()));
  broken.splice(0, broken.length, ...broken.filter((text) => !/401/.test(text)));
  await page.fill('.gw-form input', KEY);
  await page.keyboard.press('Enter');
  await until('the name of the key', async () => /audit/.test(await panel()));
  await page.getByRole('button', { name: 'Forget' }).click();
  await until('it is forgotten', async () => /No key is set/.test(await panel()));
  await run();
  assert.equal((await asked.at(-1).allHeaders())['x-api-key'], undefined);
});

await check('a key in the header editor is sent over HTTP and WebSocket and kept nowhere, unless the reader wants it', async () => {
  const headers = JSON.stringify({ Authorization: `Bearer ${KEY}` });
  await page.getByRole('button', { name: 'Headers', exact: true }).click();
  await write('Headers', headers);
  await run();
  assert.equal((await asked.at(-1).allHeaders()).authorization, `Bearer ${KEY}`);
  await recipe('live', 'Sessions');
  await page.click('.graphiql-execute-button');
  await until('an acknowledged socket', async () => sockets.at(-1)?.received.some((frame) => frame.includes('connection_ack')));
  const init = JSON.parse(sockets.at(-1).sent[0]);
  assert.deepEqual([init.type, init.payload.Authorization], ['connection_init', `Bearer ${KEY}`]);
  assert.ok(!sockets.at(-1).url.includes(KEY));
  await page.waitForTimeout(1000);
  assert.ok(!sockets.at(-1).received.some((frame) => frame.includes('"error"')), sockets.at(-1).received.join());
  await page.click('.graphiql-execute-button');
  assert.ok(!(await kept()).includes(KEY));
  await page.getByRole('button', { name: 'Open settings dialog' }).click();
  await page.locator('.graphiql-dialog-section', { hasText: 'Persist headers' }).getByRole('button', { name: 'On' }).click();
  await page.waitForTimeout(800);
  assert.ok((await kept()).includes(KEY));
  await page.locator('.graphiql-dialog-section', { hasText: 'Persist headers' }).getByRole('button', { name: 'Off' }).click();
  await page.waitForTimeout(800);
  assert.ok(!(await kept()).includes(KEY));
  await page.keyboard.press('Escape');
  await write('Headers', '');
  assert.ok(!readFileSync(LOG, 'utf8').includes(KEY));
});

await check(`every one of ${files.length} questions of the cookbook opens in a tab and runs without an error`, async () => {
  for (const [topic, name] of files) {
    const title = name.replace(/^\d+-|\.graphql$/g, '').replaceAll('-', ' ');
    const text = readFileSync(`${COOKBOOK}/${topic}/${name}`, 'utf8');
    await recipe(topic, new RegExp(`^${title}`, 'i'));
    await until(`${name} in the editor`, async () => (await textOf('Query Editor')) === text);
    if (/^subscription/m.test(text)) {
      const before = sockets.length;
      await page.click('.graphiql-execute-button');
      await until('a subscription', async () => sockets.length > before && sockets.at(-1).sent.some((frame) => frame.includes('"subscribe"')));
      await page.waitForTimeout(300);
      assert.ok(!sockets.at(-1).received.some((frame) => /"type":"error"|"errors"/.test(frame)), `${topic}/${name}: ${sockets.at(-1).received}`);
      await page.click('.graphiql-execute-button');
      continue;
    }
    const answer = await run();
    assert.ok(answer?.data && !answer.errors, `${topic}/${name}: ${JSON.stringify(answer)?.slice(0, 400)}`);
    await until(`${name} answered`, async () => !/Asking|Nothing has been/.test(await line()));
  }
});

await check('it comes back with its tabs, and is legible in the dark', async () => {
  await page.evaluate(() => localStorage.setItem('graphiql:theme', 'dark'));
  const before = await page.locator('.graphiql-tab').count();
  await page.waitForTimeout(1000); // GraphiQL keeps tabs when nothing has changed for half a second
  await open();
  assert.equal(await page.locator('.graphiql-tab').count(), before);
  await page.locator('.graphiql-tab').first().locator('.graphiql-tab-button').click();
  await run();
  for (const title of ['Cookbook', 'Sources', 'Keys']) {
    await plugin(title);
    await page.waitForTimeout(300);
    assert.ok((await contrast()) >= 4.5, `${title}: contrast ${await contrast()}`);
    if (process.env.SCRATCH) await page.screenshot({ path: `${process.env.SCRATCH}/dark-${title}.png` });
  }
  assert.ok(await editor('Query Editor').isVisible());
});

await check('no other host was asked and nothing went wrong in the page', async () => {
  assert.deepEqual(foreign, []);
  assert.deepEqual(broken, []);
  assert.ok(asked.every((request) => request.url().startsWith(`${ADDRESS}/`)));
});
await browser.close();
