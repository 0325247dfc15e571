"""What a start says of its settings."""

from pathlib import Path

from commands.serving.changed_settings import describe_settings
from models.keyring import load_keyring
from settings import Settings

SEVERAL = "postgresql://suxin:secret@h1:5433,h2,h3/db?target_session_attrs=primary"


def test_a_database_of_several_hosts_is_told_without_its_password(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, database_url=SEVERAL, direct_url=SEVERAL)
    load_keyring(settings.key_file)
    told = describe_settings(settings)
    for name in ("database_url", "direct_url"):
        assert "secret" not in told[name]
        assert all(part in told[name] for part in ("h1", "h2", "h3", "5433", "target_session_attrs=primary"))
    other = SEVERAL.replace("secret", "another")
    assert describe_settings(Settings(data_dir=tmp_path, database_url=other))["database_url"] != told["database_url"]
