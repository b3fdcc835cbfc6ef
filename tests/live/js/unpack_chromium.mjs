// Unpacks the Chromium of @sparticuz/chromium into the temp folder (TMPDIR) and prints where its program is.
import chromium from "@sparticuz/chromium";

process.stdout.write(await chromium.executablePath());
