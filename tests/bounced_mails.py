"""Mails that land in a folder of bounces: as Postfix and Exchange write them, and what is no bounce at all."""

from __future__ import annotations

import base64

OURS = "<4f2d@alerts.example.gov.uk>"
REFUSED = "smtp; 550 5.1.1 <m1@example.gov.uk>: Recipient address rejected:\n    User unknown in virtual mailbox table"

POSTFIX = """\
Return-Path: <>
Received: by relay.example.gov.uk (Postfix)
	id 9B2F34; Mon,  2 Mar 2026 07:00:05 +0000 (GMT)
Date: Mon,  2 Mar 2026 07:00:05 +0000 (GMT)
From: MAILER-DAEMON@relay.example.gov.uk (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: alerts@example.gov.uk
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
	boundary="9B2F34.1772434805/relay.example.gov.uk"
Content-Transfer-Encoding: 8bit
Message-Id: <20260302070005.9B2F34@relay.example.gov.uk>

This is a MIME-encapsulated message.

--9B2F34.1772434805/relay.example.gov.uk
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

This is the mail system at host relay.example.gov.uk.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

--9B2F34.1772434805/relay.example.gov.uk
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.example.gov.uk
X-Postfix-Queue-ID: 9B2F34
X-Postfix-Sender: rfc822; alerts@example.gov.uk
Arrival-Date: Mon,  2 Mar 2026 07:00:04 +0000 (GMT)

Final-Recipient: rfc822; {recipient}
Original-Recipient: rfc822;{recipient}
Action: {action}
Status: {status}
Remote-MTA: dns; mail.example.gov.uk
Diagnostic-Code: {answer}

--9B2F34.1772434805/relay.example.gov.uk
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

Return-Path: <alerts@example.gov.uk>
From: Practice alerts <alerts@example.gov.uk>
To: Person M1 <m1@example.gov.uk>
Subject: 2 new, 2 open: Team T1
Message-ID: {message_id}
X-Alert-Purpose: daily

--9B2F34.1772434805/relay.example.gov.uk--
"""
EXCHANGE = """\
From: Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@exampleshire.onmicrosoft.com>
To: <alerts@example.gov.uk>
Date: Mon, 2 Mar 2026 07:00:06 +0000
Content-Type: multipart/report; report-type=delivery-status;
	boundary="de8e7f2d-3b6f-4ad5-9ea1-f3aa1f9ad8b3"
X-MS-Exchange-Message-Is-Ndr:
Content-Language: de-DE
Message-ID: <b1a6@LO2P265MB0001.GBRP265.PROD.OUTLOOK.COM>
In-Reply-To: {message_id}
References: {message_id}
Thread-Topic: 2 new, 2 open: Team T1
Subject: =?utf-8?B?VW56dXN0ZWxsYmFyOiAyIG5ldywgMiBvcGVuOiBUZWFtIFQx?=
Auto-Submitted: auto-replied
MIME-Version: 1.0

--de8e7f2d-3b6f-4ad5-9ea1-f3aa1f9ad8b3
Content-Type: multipart/alternative; differences=Content-Type;
	boundary="e0ddb9ab-ee69-4e0c-b6b6-4f6ae1b1f0a2"

--e0ddb9ab-ee69-4e0c-b6b6-4f6ae1b1f0a2
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: base64

{words}

--e0ddb9ab-ee69-4e0c-b6b6-4f6ae1b1f0a2
Content-Type: text/html; charset="utf-8"
Content-Transfer-Encoding: base64

{words}

--e0ddb9ab-ee69-4e0c-b6b6-4f6ae1b1f0a2--

--de8e7f2d-3b6f-4ad5-9ea1-f3aa1f9ad8b3
Content-Type: message/delivery-status

Reporting-MTA: dns;LO2P265MB0001.GBRP265.PROD.OUTLOOK.COM
Received-From-MTA: dns;relay.example.gov.uk
Arrival-Date: Mon, 2 Mar 2026 07:00:05 +0000

Final-Recipient: rfc822;{recipient}
Action: failed
Status: 5.1.10
Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient {recipient} not found by SMTP address lookup

--de8e7f2d-3b6f-4ad5-9ea1-f3aa1f9ad8b3
Content-Type: message/rfc822

Received: from LO2P265CA0001.GBRP265.PROD.OUTLOOK.COM (2603:10a6:600::1)
From: Practice alerts <alerts@example.gov.uk>
To: Person M1 <m1@example.gov.uk>
Subject: 2 new, 2 open: Team T1
Message-ID: {message_id}
MIME-Version: 1.0
Content-Type: text/plain; charset="utf-8"

Good morning.

--de8e7f2d-3b6f-4ad5-9ea1-f3aa1f9ad8b3--
"""
EXCHANGE_WORDS = """Ihre Nachricht an m1@example.gov.uk konnte nicht zugestellt werden. \
Votre message n'a pas pu être remis. 您的邮件无法送达。 Доставка не выполнена."""
OUT_OF_OFFICE = """\
From: Person M1 <m1@example.gov.uk>
To: alerts@example.gov.uk
Subject: Automatic reply: 2 new, 2 open: Team T1
Auto-Submitted: auto-replied
X-Auto-Response-Suppress: All
In-Reply-To: {message_id}
Content-Type: text/plain; charset=utf-8

I am away until Monday. 550 5.1.1 is not my number.
"""
READ_RECEIPT = """\
From: Person M1 <m1@example.gov.uk>
To: alerts@example.gov.uk
Subject: Read: 2 new, 2 open: Team T1
MIME-Version: 1.0
Content-Type: multipart/report; report-type=disposition-notification; boundary=b

--b
Content-Type: text/plain

Your message was read.

--b
Content-Type: message/disposition-notification

Final-Recipient: rfc822;m1@example.gov.uk
Original-Message-ID: {message_id}
Disposition: manual-action/MDN-sent-manually; displayed

--b--
"""


def bounce(
    message_id: str = OURS, recipient: str = "m1@example.gov.uk", *, action: str = "failed", status: str = "5.1.1", answer: str = REFUSED
) -> bytes:  # fmt: skip
    """Return a bounce as Postfix writes it."""
    words = {"message_id": message_id, "recipient": recipient, "action": action, "status": status, "answer": answer}
    return POSTFIX.format(**words).encode()


def exchange(message_id: str = OURS, recipient: str = "m1@example.gov.uk") -> bytes:
    """Return a bounce as Exchange Online writes it, in the language of the mailbox."""
    words = base64.encodebytes(EXCHANGE_WORDS.encode()).decode().strip()
    return EXCHANGE.format(message_id=message_id, recipient=recipient, words=words).replace("\n", "\r\n").encode()
