"""A body that receives escalations (报送) without any of our code: each once, and a receipt (签收) for each."""

import asyncio
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.helpers import create_ssl_context

BODY, UNIT = os.environ.get("BODY", "province"), os.environ.get("UNIT", "")
TOPIC = os.environ.get("TOPIC", "opinion.escalations")
SEEN = Path(os.environ.get("SEEN_FILE", "seen.txt"))  # in production: a table of your database
KAFKA = {"bootstrap_servers": os.environ["KAFKA"]}
if "KAFKA_USER" in os.environ:
    tls = create_ssl_context(cafile=os.environ.get("KAFKA_CA"))
    login = {"sasl_plain_username": os.environ["KAFKA_USER"], "sasl_plain_password": os.environ["KAFKA_PASSWORD"]}
    KAFKA |= {"security_protocol": "SASL_SSL", "sasl_mechanism": "SCRAM-SHA-512", "ssl_context": tls, **login}


async def main(most: int | None) -> None:
    seen = set(SEEN.read_text().split()) if SEEN.exists() else set()
    start = {"group_id": BODY, "auto_offset_reset": "earliest", "enable_auto_commit": False}
    async with AIOKafkaConsumer(TOPIC, **KAFKA, **start) as consumer, AIOKafkaProducer(**KAFKA, acks="all") as producer:
        async for record in consumer:
            report = json.loads(record.value)  # fields we do not know are ignored: a minor version may add some
            if report["id"] not in seen and UNIT in ("", report["recipient"]["unit"]["code"]):
                print(json.dumps(report, ensure_ascii=False), flush=True)
                receipt = {"id": f"ack-{report['id']}", "kind": "acknowledged", "role": "duty_officer"}
                receipt |= {"escalation_id": report["id"], "incident_id": report["incident_id"]}
                receipt |= {"at": datetime.now(UTC).isoformat()}
                key, value = report["incident_id"].encode(), json.dumps(receipt).encode()
                await producer.send_and_wait(f"{TOPIC}.receipts", value, key=key)
                seen.add(report["id"])
                SEEN.open("a").write(report["id"] + "\n")
            await consumer.commit()
            if most is not None and len(seen) >= most:
                return


asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else None))
