"""Hosts at which anybody has an address, and suffixes under which anybody has a domain."""

_FREE = """
    qq.com vip.qq.com foxmail.com 163.com vip.163.com 126.com vip.126.com yeah.net 188.com sina.com sina.cn vip.sina.com
    sina.com.cn sohu.com vip.sohu.com sogou.com tom.com 21cn.com 139.com wo.cn 189.cn aliyun.com china.com netease.com
    263.net eyou.com hainan.net citiz.net 2980.com 88.com 111.com email.cn
    gmail.com googlemail.com outlook.com outlook.cn hotmail.com hotmail.co.uk live.com live.cn live.co.uk msn.com
    passport.com yahoo.com yahoo.cn yahoo.com.cn yahoo.co.jp yahoo.co.uk yahoo.com.hk yahoo.com.tw yahoo.com.sg
    ymail.com rocketmail.com icloud.com me.com mac.com aol.com aim.com mail.com gmx.com gmx.de gmx.net gmx.at web.de
    t-online.de freenet.de proton.me protonmail.com protonmail.ch pm.me tutanota.com tuta.com zoho.com zohomail.com
    yandex.com yandex.ru ya.ru mail.ru bk.ru inbox.ru list.ru rambler.ru orange.fr wanadoo.fr free.fr laposte.net sfr.fr
    libero.it virgilio.it tiscali.it uol.com.br bol.com.br terra.com.br naver.com hanmail.net daum.net nate.com
    hinet.net pchome.com.tw seznam.cz wp.pl o2.pl onet.pl interia.pl btinternet.com sky.com comcast.net verizon.net
    att.net sbcglobal.net bellsouth.net cox.net earthlink.net rediffmail.com fastmail.com hey.com mailinator.com
    example.com example.org example.net
"""
FREE_MAIL_HOSTS = frozenset(_FREE.split())

# Second levels under which domains are registered as under a top level.
_SECOND = "com net org gov edu ac co or ne go mil idv"
_COUNTRIES = "cn hk tw mo sg my jp kr uk au nz in br mx ar za tr th id ph vn il"
PUBLIC_SUFFIXES = frozenset(f"{second}.{country}" for second in _SECOND.split() for country in _COUNTRIES.split())
