/** Wires the erasure of a customer. */
import { eraseCustomer } from "../customers-api.js";
import { LIST_PAGE } from "../customers-query.js";
import { wireErasure } from "./erasure.js";

/** Open the dialog. @param {string} id */
export const askToErase = wireErasure({ name: "Customer", erase: eraseCustomer, page: LIST_PAGE });
