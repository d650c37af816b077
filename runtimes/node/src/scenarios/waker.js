// The other thread of the scenario wake. Each time it pauses so long that the one that it wakes is
// really asleep, sends a message with the time, and waits until that has arrived; never sleeping.
import { parentPort } from 'node:worker_threads';

parentPort.on('message', ({ wakes, pauseNs, acknowledged }) => {
  for (let i = 0; i < wakes; ++i) {
    const end = process.hrtime.bigint() + pauseNs;
    while (process.hrtime.bigint() < end);
    parentPort.postMessage(process.hrtime.bigint());
    while (Atomics.load(acknowledged, 0) <= i); // Pairs with the store in wake.js.
  }
});
