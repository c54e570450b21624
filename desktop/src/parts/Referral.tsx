/** The advertisement or post that led the customer here. */
import { Megaphone } from "lucide-react";
import { referralText } from "../text/content";
import type { Referral } from "../views";
import { MaybeLink } from "./Formatted";

/** One line of it, above the thread. */
export function ReferralLine({ referral }: { referral: Referral }) {
  const { headline, body, url } = referral;
  const label = referralText(referral);
  return (
    <p className="referral">
      <Megaphone size={16} aria-hidden="true" />
      <span className="referral-text">
        {headline !== null && `${label}: `}
        <MaybeLink to={url}>{headline ?? label}</MaybeLink>
        {body !== null && <span className="muted"> · {body}</span>}
      </span>
    </p>
  );
}

/** All of it, among the customer's details. */
export function ReferralDetails({ referral }: { referral: Referral }) {
  const { headline, body, url } = referral;
  const title = headline ?? url;
  return (
    <>
      <h3>{referralText(referral)}</h3>
      {title !== null && (
        <p className="referral-headline">
          <MaybeLink to={url}>{title}</MaybeLink>
        </p>
      )}
      {body !== null && <p className="muted referral-body">{body}</p>}
    </>
  );
}
