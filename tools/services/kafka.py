"""Apache Kafka (KRaft, one node): listeners without security, with SASL, and with TLS and SASL.

`details`: `sasl` and `tls` (addresses), `user`, `password` (for PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512), `ca`
(file of the authority), `certificate` and `key` (files for a client).
"""

from __future__ import annotations

import base64
import subprocess
import uuid
from pathlib import Path

from tools.services import certificates, packages
from tools.services.instances import Plan, Service, ServiceError, cache, free_ports

VERSION = "4.3.1"
JARS = (f"org.apache.kafka:kafka_2.13:{VERSION}", "org.apache.logging.log4j:log4j-slf4j-impl:2.25.5")
HOW = (
    "Kafka is needed: let this user install Java and Maven (Debian: `apt-get install openjdk-17-jre-headless maven`; both "
    "need a network once), or set RUNNEL_TEST_KAFKA=host:port to use a broker of yours without security"
)
USER, PASSWORD = "runnel", "runnel-secret"
_JAVA = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
_LOGGING = """status = error
appender.c.type = Console
appender.c.name = c
appender.c.target = SYSTEM_ERR
appender.c.layout.type = PatternLayout
appender.c.layout.pattern = %d{ISO8601} %p %c{1}: %m%n
rootLogger.level = warn
rootLogger.appenderRef.c.ref = c
"""


def install() -> None:
    """Get Java and the jars."""
    packages.java(HOW)
    _jars()


def _jars() -> str:
    return packages.jars(cache() / f"kafka-{VERSION}", HOW, *JARS)


def prepare(folder: Path) -> Plan:
    """Write the settings, and format a fresh data folder."""
    plain, control, sasl, tls = free_ports(4)
    files = certificates.make(folder / "tls")
    settings = _settings(folder, plain, control, {"SASL": sasl, "TLS": tls}, files["server-chain.pem"], files["ca.pem"])
    path = folder / "server.properties"
    path.write_text("".join(f"{name}={value}\n" for name, value in settings.items()), "utf-8")
    (folder / "log4j2.properties").write_text(_LOGGING, "utf-8")
    logging = f"-Dlog4j2.configurationFile={folder / 'log4j2.properties'}"
    java = [packages.java(HOW), *_JAVA, logging, "-cp", _jars()]
    cluster = "c" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]  # one that begins with - is an option
    scram = [
        part
        for kind in ("SCRAM-SHA-256", "SCRAM-SHA-512")
        for part in ("--add-scram", f"{kind}=[name={USER},password={PASSWORD}]")
    ]
    command = [
        java[0],
        "-Xmx128m",
        *java[1:],
        "kafka.tools.StorageTool",
        "format",
        "-t",
        cluster,
        "-c",
        str(path),
        *scram,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServiceError(f"formatting Kafka's folder: {(done.stdout + done.stderr).strip()[-800:]}. {HOW}")
    memory = ("-Xms256m", "-Xmx256m", "-XX:MaxDirectMemorySize=128m", "-Xss512k")
    details = {
        "sasl": f"127.0.0.1:{sasl}", "tls": f"127.0.0.1:{tls}", "user": USER, "password": PASSWORD,
        "ca": files["ca.pem"], "certificate": files["client.pem"], "key": files["client.key"],
    }  # fmt: skip
    return Plan((java[0], *memory, *java[1:], "kafka.Kafka", str(path)), f"127.0.0.1:{plain}", details)


def _settings(
    folder: Path, plain: int, control: int, secured: dict[str, int], chain: str, authority: str
) -> dict[str, object]:
    listeners = {"PLAINTEXT": plain, **secured}
    addresses = ",".join(f"{name}://127.0.0.1:{port}" for name, port in listeners.items())
    settings: dict[str, object] = {
        "process.roles": "broker,controller",
        "node.id": 1,
        "controller.quorum.voters": f"1@127.0.0.1:{control}",
        "controller.listener.names": "CONTROLLER",
        "listeners": f"{addresses},CONTROLLER://127.0.0.1:{control}",
        "advertised.listeners": addresses,
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_PLAINTEXT,TLS:SASL_SSL",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": folder / "data",
        "auto.create.topics.enable": "false",
        "group.initial.rebalance.delay.ms": 0,
        "log.cleaner.dedupe.buffer.size": 4194304,
        "num.network.threads": 2,
        "num.io.threads": 2,
        "background.threads": 2,
        "log.segment.bytes": 67108864,
        "log.message.timestamp.after.max.ms": 9223372036854775807,
        "broker.session.timeout.ms": 2000,
        "broker.heartbeat.interval.ms": 500,
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": chain,
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": authority,
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
    }
    for group in ("transaction.state.log", "share.coordinator.state.topic", "offsets.topic"):
        settings |= {f"{group}.num.partitions": 1, f"{group}.replication.factor": 1}
    for group in ("transaction.state.log", "share.coordinator.state.topic"):
        settings[f"{group}.min.isr"] = 1
    settings["log.cleaner.threads"] = 1
    modules = {
        "plain": f'org.apache.kafka.common.security.plain.PlainLoginModule required user_{USER}="{PASSWORD}";',
        "scram-sha-256": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
        "scram-sha-512": "org.apache.kafka.common.security.scram.ScramLoginModule required;",
    }
    for name in secured:
        for mechanism, module in modules.items():
            settings[f"listener.name.{name.lower()}.{mechanism}.sasl.jaas.config"] = module
    return settings


def ready(plan: Plan) -> bool:
    """Tell whether the broker answers a client; a listening port is not enough."""
    try:
        from confluent_kafka import KafkaException
        from confluent_kafka.admin import AdminClient
    except ImportError:
        raise ServiceError("Kafka's Python client is needed: install the extra `kafka`") from None
    try:
        client = AdminClient({"bootstrap.servers": plan.address, "log_level": 0})
        return bool(client.list_topics(timeout=0.5).brokers)
    except KafkaException:
        return False


SERVICE = Service("kafka", "RUNNEL_TEST_KAFKA", HOW, install, prepare, ready)
