// The form of a new job: several values in rows, products chosen by search, known files offered, errors where they are.
import { spreadItems } from "./items.js";
import { offerProducts } from "./products.js";
import { recognizeFiles } from "./files.js";
import { checkAsTyped } from "./checks.js";
import { sendInPlace } from "./send.js";
import { offerLink } from "./link.js";
import { offerEarlier } from "./earlier.js";

const form = document.querySelector("form.new-job");
offerProducts(form, spreadItems(form));
recognizeFiles(form);
checkAsTyped(form);
sendInPlace(form);
offerLink(form);
offerEarlier(form);
