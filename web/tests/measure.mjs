// Laws and frames a second while a slider moves, two population eigenvalues: `npm run measure` in web/.
import { open, says } from "./browser.mjs";

for (const batches of [2, 4, 8]) {
  const { page, close } = await open(`#batches=${batches}&population=1:0.5,2:0.5&sampled=false`);
  await says(page, "#numbers", "support");
  const [laws, frames] = await page.evaluate(async () => {
    const slider = document.getElementById("epoch_step-slider");
    let frames = 0, moving = true;
    const frame = () => { frames++; slider.value = 0.6 + 0.3 * Math.sin(performance.now() / 1500); slider.dispatchEvent(new Event("input", { bubbles: true })); if (moving) requestAnimationFrame(frame); };
    const before = measured.laws;
    frame();
    await new Promise((resolve) => setTimeout(resolve, 4000));
    moving = false;
    return [(measured.laws - before) / 4, frames / 4];
  });
  console.log(`B = ${batches}: ${laws.toFixed(0)} laws a second (each with that of the full batch), ${frames.toFixed(0)} frames a second`);
  await close();
}
