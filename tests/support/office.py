"""LibreOffice for tests: a file opened, calculated again and saved, as another kind where one is
named.
"""

import subprocess
from pathlib import Path

from tests.support.outside import need

__all__ = ["resaved"]

HEAD = (
    '<oor:items xmlns:oor="http://openoffice.org/2001/registry"'
    ' xmlns:xs="http://www.w3.org/2001/XMLSchema">'
)
ALWAYS = '<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop>'
SECONDS = 180
"""No measure: only so that a program that hangs does not hang the tests."""


def resaved(path: Path, folder: Path, kind: str = "xlsx") -> Path:
    """The file as LibreOffice saves it, in a separate folder below `folder`; every formula of a
    workbook is calculated again.

    Skips the test where LibreOffice is missing.
    """
    office, profile, out = need("soffice"), folder / "profile", folder / "office"
    (profile / "user").mkdir(parents=True, exist_ok=True)
    item = f'<item oor:path="/org.openoffice.Office.Calc/Formula/Load">{ALWAYS}</item>'
    (profile / "user" / "registrymodifications.xcu").write_text(
        f"{HEAD}{item}</oor:items>", encoding="utf-8"
    )
    home = f"-env:UserInstallation={profile.as_uri()}"
    command = [office, home, "--headless", "--convert-to", kind, "--outdir", str(out), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=SECONDS)
    return out / f"{path.stem}.{kind}"
