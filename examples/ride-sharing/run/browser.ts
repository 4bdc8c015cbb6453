import { findChromium } from '@stateful-functions/servers';
import { type Browser, chromium, type Page } from 'playwright-core';

/** A Chromium without a screen; `undefined`, having said so, where there is none. */
export async function openBrowser(): Promise<Browser | undefined> {
  const executablePath = await findChromium();
  if (executablePath === undefined) return undefined;
  // Its sandbox does not work for root, as whom containers run.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath, args });
}

/** Opens a page as someone sees it who prefers light or dark. */
export async function openPage(browser: Browser, url: string, colorScheme: 'light' | 'dark'): Promise<Page> {
  const page = await browser.newPage({ colorScheme, viewport: { width: 1_280, height: 960 } });
  await page.goto(url);
  return page;
}
