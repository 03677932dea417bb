// A browser with the page open, for tests and measurements.
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import puppeteer from "puppeteer-core";

const CANDIDATES = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

export const root = fileURLToPath(new URL("../..", import.meta.url));
const file = new URL("../dist/index.html", import.meta.url).href;

/** The page, and what went wrong on it. */
export async function open(hash = "", { width = 1280, height = 900, dark = false } = {}) {
  const executablePath = CANDIDATES.find((path) => path && existsSync(path));
  if (!executablePath) throw new Error("no Chromium found: set CHROMIUM to one");
  const browser = await puppeteer.launch({ executablePath, args: FLAGS, userDataDir: mkdtempSync(join(tmpdir(), "page-")) });
  const page = await browser.newPage();
  const errors = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("request", (request) => /^https?:/.test(request.url()) && errors.push(`fetched ${request.url()}`));
  await page.setViewport({ width, height });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }]);
  await page.goto(file + hash);
  return { page, errors, close: () => browser.close() };
}

export const text = (page, selector) => page.$eval(selector, (element) => element.textContent);

/** Waits until the numbers below the picture, or the message, say so. */
export const says = (page, selector, part) =>
  page.waitForFunction((selector, part) => document.querySelector(selector).textContent.includes(part), { timeout: 60000 }, selector, part);
