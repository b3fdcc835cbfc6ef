"""The application: reads as a table of contents."""

from flask import Flask, Response, jsonify

from idp import log
from idp.api import blueprints, docs, spec
from idp.config import Settings
from idp.crypto import passwords
from idp.http import access_log, context, cookies, language, limits, metrics, security
from idp.http.flask_app import IdPFlask
from idp.oauth import cors, discovery, endpoints, logout, userinfo
from idp.oauth.authorize import endpoint as authorize
from idp.telemetry import start as telemetry
from idp.web import dev_mail, rendering
from idp.web.account import (
    activity,
    applications,
    data,
    delete,
    email,
    overview,
    password,
    profile,
    recent,
    sessions,
    ways_in,
)
from idp.web.hosted import (
    branding,
    connection_terms,
    connections,
    consent,
    home,
    login,
    not_me,
    pages,
    recovery,
    reset_password,
    select_account,
    signup,
    verify_email,
)
from idp.web.hosted import logout as logout_page
from idp.wiring import Wiring

AUTH_BODY_LIMIT = 64 * 1024
VIEWS = (
    activity,
    applications,
    branding,
    connection_terms,
    connections,
    consent,
    data,
    delete,
    email,
    home,
    login,
    logout,
    logout_page,
    not_me,
    overview,
    password,
    profile,
    recent,
    recovery,
    reset_password,
    select_account,
    sessions,
    signup,
    userinfo,
    verify_email,
    ways_in,
)
"""Modules that add their views to a blueprint when they are imported."""


def create_app(settings: Settings, wiring: Wiring | None = None) -> Flask:
    """Build the WSGI application of the public port.

    Args:
        settings: what an operator decided.
        wiring: long-lived parts made beforehand, by tests; otherwise made here.
    """
    log.configure(settings.log_level)
    passwords.configure(web_workers=settings.web_workers, web_threads=settings.web_threads)
    wiring = wiring or Wiring.of(settings)
    app = IdPFlask(
        "idp", template_folder="web/templates", static_folder=str(rendering.STATIC), static_url_path="/static"
    )
    app.config["MAX_CONTENT_LENGTH"] = AUTH_BODY_LIMIT
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 31_536_000
    app.config["TRUSTED_HOSTS"] = [settings.hostname]
    app.extensions["idp"] = wiring

    telemetry.prepare(settings, wiring, app)
    metrics.install(app)
    access_log.install(app)
    language.install(
        app, pages=(authorize.blueprint, pages.blueprint), programs=(discovery.blueprint, endpoints.blueprint)
    )
    context.install(app, settings, wiring.app, wiring.master_keys, wiring.platform_unit)
    app.before_request(language.choose)
    app.after_request(cookies.apply)
    limits.install(app, wiring.limiter)
    security.install(app, settings)
    cors.install(app, blueprints.ALL)
    rendering.install(app, (authorize.blueprint, pages.blueprint))

    app.register_blueprint(discovery.blueprint)
    app.register_blueprint(authorize.blueprint)
    app.register_blueprint(endpoints.blueprint)
    app.register_blueprint(pages.blueprint)
    docs.install(app, spec.install(app, blueprints.ALL, base_url=settings.base_url))
    if settings.dev:
        app.register_blueprint(dev_mail.blueprint(wiring.platform_unit, settings.mail_from))

    @app.get("/healthz")
    def healthz() -> Response:
        return jsonify(status="ok")

    return app
