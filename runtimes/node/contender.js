#!/usr/bin/env node
// Runs Regatta's scenarios on Node.js. Speaks the protocol on stdin and stdout, and logs to stderr.
import { serve } from './src/conversation.js';

if (process.argv.length === 3 && process.argv[2] === '--serve') {
  process.stdout.on('error', () => process.exit(1)); // The driver has gone.
  process.exit(await serve(process.stdin, process.stdout));
}
console.error(
  "usage: contender.js --serve (speaks Regatta's protocol on stdin and stdout; " +
    'try it with: regatta verify node)',
);
process.exit(2);
