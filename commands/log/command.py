"""`suxin log`: the commands of the transparency log."""

from dataclasses import replace

import typer

from auth.log_key import load_signer
from commands.configuration import read_settings
from commands.log.archiving import archive_months, prove_answer
from commands.log.copying import export_log
from commands.log.keeping import erase_answers, rotate_key
from commands.log.security import show_security
from commands.log.verifying import verify_all
from commands.log.witnessing import witness_log
from commands.session import explain_errors
from models.sm2_keys import load_sm2_keys

log = typer.Typer(no_args_is_help=True, help="Verify the transparency log of the access log, copy it, and witness it.")


@log.command("key")
def show_key() -> None:
    """Print the public key of the log, to be handed to partners with their contract; while it is changed, both; and the
    key of SM2 (SUXIN_CRYPTO=sm).

    Example: suxin log key
    """
    with explain_errors():
        settings = read_settings()
        signer = load_signer(settings.log_key_file, settings.log_origin)
        if settings.sm2_key_file.exists():
            signer = replace(signer, sm2=load_sm2_keys(settings.sm2_key_file).signer)
        for key in (*signer.keys, *([signer.sm2_key] if signer.sm2_key else [])):
            typer.echo(str(key))


log.command("verify")(verify_all)
log.command("export")(export_log)
log.command("witness")(witness_log)
log.command("rotate")(rotate_key)
log.command("archive")(archive_months)
log.command("prove")(prove_answer)
log.command("erase")(erase_answers)
log.command("security")(show_security)
