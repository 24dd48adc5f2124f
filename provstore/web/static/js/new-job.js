// The form of a new job: several values in rows, products chosen by search, known files offered, errors where they are.
import { spreadItems } from "./new-job-items.js";
import { offerProducts } from "./new-job-products.js";
import { recognizeFiles } from "./new-job-files.js";
import { checkAsTyped } from "./new-job-checks.js";
import { sendInPlace } from "./new-job-send.js";
import { offerLink } from "./new-job-link.js";
import { offerEarlier } from "./new-job-earlier.js";

const form = document.querySelector("form.new-job");
offerProducts(form, spreadItems(form));
recognizeFiles(form);
checkAsTyped(form);
sendInPlace(form);
offerLink(form);
offerEarlier(form);
